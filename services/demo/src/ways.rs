//! How applications for a licence go, and what befalls those who hold one: in turn from tables of shares, so that a small
//! pilot meets what is rare as well.

/// How an application goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As it should.
    Plain,
    /// A paper is missing: returned at once, mended, then as it should.
    Incomplete,
    /// An officer returns it for what no rule can see; mended.
    Returned,
    /// Returned, and nobody answers: it lapses.
    NotMended,
    /// Nobody looks at it in time: accepted by law.
    Silent,
    /// Accepted in time, which comes to be known after the law has supplied it.
    Recalled,
    /// Information is asked for and comes.
    Asked,
    /// Information is asked for and does not come: it lapses.
    NotAnswered,
    /// A register contradicts, until the paper is replaced.
    Differs,
    /// Experts are heard; the clock stands still meanwhile.
    Experts,
    /// Several authorities together, with more time by leave of the government.
    Joint,
    /// Several authorities together, and late.
    JointLate,
    /// More time by leave of the head of the authority.
    Extended,
    /// The proposal is sent back once.
    SentBack,
    /// Decided late.
    Late,
    /// Granted with a condition; the certificate comes late.
    LateCertificate,
    /// Refused, nobody objects.
    Refused,
    /// Refused in spite of an objection.
    Objects,
    /// Refused after a hearing.
    Heard,
    /// A refusal was intended; after the hearing it is granted.
    Upheld,
    /// Refused for false papers.
    Deceit,
    /// Taken back by the applicant.
    Withdraws,
    /// Needs no licence.
    NotRequired,
    /// Another authority is competent.
    Elsewhere,
    /// Nobody decides before the licence runs out: renewed by law.
    Undecided,
    /// The same, and a decision made in time comes to be known later.
    DecidedInTime,
}

/// Ways of the applications for a licence, in turn. The rare ones come early, for the sake of short stories.
const LICENCES: [Way; 40] = [
    Way::Plain,
    Way::Heard,
    Way::Silent,
    Way::Plain,
    Way::NotAnswered,
    Way::Withdraws,
    Way::Plain,
    Way::NotRequired,
    Way::Recalled,
    Way::Elsewhere,
    Way::Objects,
    Way::Asked,
    Way::Plain,
    Way::Plain,
    Way::Plain,
    Way::Incomplete,
    Way::Upheld,
    Way::Plain,
    Way::Experts,
    Way::NotMended,
    Way::Plain,
    Way::Joint,
    Way::Differs,
    Way::Plain,
    Way::Refused,
    Way::LateCertificate,
    Way::Returned,
    Way::Plain,
    Way::Late,
    Way::SentBack,
    Way::Plain,
    Way::Extended,
    Way::Plain,
    Way::Deceit,
    Way::Incomplete,
    Way::Plain,
    Way::JointLate,
    Way::Asked,
    Way::Silent,
    Way::LateCertificate,
];

/// Ways of renewals that are asked for in time.
const RENEWALS: [Way; 6] = [
    Way::Plain,
    Way::Undecided,
    Way::Plain,
    Way::DecidedInTime,
    Way::Undecided,
    Way::Plain,
];

impl Way {
    /// The way of the `number`-th application for a licence.
    pub(crate) fn of_licence(number: usize) -> Self {
        LICENCES[number % LICENCES.len()]
    }

    /// The way of the `number`-th renewal.
    pub(crate) fn of_renewal(number: usize) -> Self {
        RENEWALS[number % RENEWALS.len()]
    }

    /// Whether something is missing from the first papers.
    pub(crate) const fn is_incomplete(self) -> bool {
        matches!(self, Self::Incomplete | Self::NotMended)
    }

    /// Whether a refusal is proposed first.
    pub(crate) const fn is_against(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Objects | Self::Heard | Self::Upheld | Self::Deceit
        )
    }

    /// Whether a hearing is asked for.
    pub(crate) const fn is_heard(self) -> bool {
        matches!(self, Self::Heard | Self::Upheld)
    }

    /// Whether the law accepts it because nobody looked at it in time.
    pub(crate) const fn is_silent(self) -> bool {
        matches!(self, Self::Silent | Self::Recalled)
    }
}

/// What befalls who holds a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lot {
    /// Nothing particular.
    Quiet,
    /// A condition is imposed and met.
    Condition,
    /// A condition is imposed and lifted.
    Lifted,
    /// A condition is not met in time.
    Overdue,
    /// Provisional for a while, then restored.
    Provisional,
    /// Suspended at once because children are in danger, and resumed.
    Emergency,
    /// Suspended by order, and resumed.
    Ordered,
    /// Another name.
    Name,
    /// Other classes.
    Classes,
    /// A waiver for some months.
    Waiver,
    /// Another operator takes over.
    Transfer,
    /// The licence is taken away; the children are placed.
    Revoked,
    /// The licence is taken away, and the children are not placed in time.
    RevokedInDisorder,
    /// The operator closes in order.
    Closes,
}

/// Lots in turn; what ends a licence comes early, for the sake of short stories.
const LOTS: [Lot; 24] = [
    Lot::Lifted,
    Lot::Revoked,
    Lot::Provisional,
    Lot::Condition,
    Lot::Closes,
    Lot::Quiet,
    Lot::Emergency,
    Lot::Classes,
    Lot::Transfer,
    Lot::Overdue,
    Lot::Name,
    Lot::Waiver,
    Lot::Ordered,
    Lot::Condition,
    Lot::RevokedInDisorder,
    Lot::Quiet,
    Lot::Classes,
    Lot::Waiver,
    Lot::Provisional,
    Lot::Name,
    Lot::Quiet,
    Lot::Overdue,
    Lot::Emergency,
    Lot::Quiet,
];

impl Lot {
    /// The lot of the `number`-th holder.
    pub(crate) fn of(number: usize) -> Self {
        LOTS[number % LOTS.len()]
    }
}

/// How a term ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Term {
    /// A renewal is asked for in time.
    Renews,
    /// A renewal is asked for too late to count: the licence runs out.
    Late,
    /// Nobody asks.
    RunsOut,
}

/// The end of the `number`-th term.
pub(crate) fn term(number: usize) -> Term {
    match number % 10 {
        4 => Term::Late,
        7 => Term::RunsOut,
        _ => Term::Renews,
    }
}
