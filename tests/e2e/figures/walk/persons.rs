//! Any command to a person.

use uuid::Uuid;
use yujian_domain::person::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::values::RegionId;

use super::{PERSONS, Walk, officer};

/// Inspectors of the walk: two make a visit, others step in.
const INSPECTORS: u32 = 4;

impl Walk {
    /// The authority registers its inspectors, with enforcement certificates.
    pub(super) async fn appoint_inspectors(&mut self) {
        for number in 1..=INSPECTORS {
            let account = format!("inspector-{number}");
            let region = RegionId::parse("330106", 2020).unwrap();
            let register = self.register(None, Some(region), Some(account.clone()));
            let mut claim = self.claim(CredentialKind::Enforcement);
            // The last one's certificate ends within the walk.
            claim.expiry_date = Some(if number == INSPECTORS {
                self.day(60, 80)
            } else {
                self.day(900, 999)
            });
            let verify = VerifyCredential {
                credential: 1,
                method: VerificationMethod::Registry,
            };
            let id = loop {
                let actor = officer(&mut self.dice);
                if let Some(outcome) = self.send::<Person>(actor, None, register.clone().into()).await {
                    break outcome.id;
                }
            };
            for command in [PersonCommand::from(claim), verify.into()] {
                loop {
                    let actor = officer(&mut self.dice);
                    if self.send::<Person>(actor, Some(id), command.clone()).await.is_some() {
                        break;
                    }
                }
            }
            self.inspectors.push((id, account));
        }
    }

    pub(super) async fn person(&mut self) -> bool {
        let Some((institution, credit_code)) = self.site() else {
            return false;
        };
        let mut actor = self.somebody(credit_code.as_ref());
        if self.persons.len() < PERSONS && self.dice.percent(15) {
            let register = self.register(Some(institution), None, None);
            let outcome = self.send::<Person>(actor, None, register.into()).await;
            self.persons.extend(outcome.as_ref().map(|outcome| outcome.id));
            return outcome.is_some();
        }
        let id = match self.dice.index(self.persons.len()) {
            Some(index) if self.dice.percent(95) => self.persons[index],
            _ => self.inspectors[self.dice.index(self.inspectors.len()).unwrap()].0,
        };
        let (state, _) = self.state::<Person>(id).await;
        if self.dice.percent(60) {
            actor = officer(&mut self.dice);
        }
        let command = self.about_person(&state, institution);
        self.send::<Person>(actor, Some(id), command).await.is_some()
    }

    fn register(
        &mut self,
        institution: Option<Uuid>,
        region: Option<RegionId>,
        account: Option<String>,
    ) -> RegisterPerson {
        RegisterPerson {
            institution,
            region,
            identity_kind: IdentityKind::ResidentId,
            identity: Sensitive::new(self.dice.identity()),
            name: Sensitive::new("李四"),
            phone: None,
            proofing: Proofing::Registry,
            birth_date: None,
            account,
        }
    }

    fn claim(&mut self, kind: CredentialKind) -> ClaimCredential {
        ClaimCredential {
            kind,
            issuer: "浙江省人力资源和社会保障厅".to_owned(),
            number: Sensitive::new(format!("{}", self.dice.between(1, 1_000_000))),
            level: None,
            issue_date: self.day(-700, -1),
            expiry_date: self.dice.percent(70).then(|| self.day(5, 120)),
            sha256: None,
        }
    }

    fn about_person(&mut self, state: &Person, institution: Uuid) -> PersonCommand {
        let words = || Sensitive::new("说明");
        let credentials: Vec<u32> = state.credentials.keys().copied().chain([1]).collect();
        let engagements: Vec<u32> = state.engagements.keys().copied().chain([1]).collect();
        let (credential, engagement) = (self.dice.one(&credentials), self.dice.one(&engagements));
        // Nobody begins to work without a certificate of health and an answer to the query.
        let kind = match self.dice.between(0, 15) {
            _ if state.health.is_none() && self.dice.percent(40) => 5,
            _ if state.query.is_none() && self.dice.percent(40) => 6,
            kind => kind,
        };
        match kind {
            0 => ChangePersonDetails {
                name: None,
                phone: Some(Sensitive::new(format!("1000{:07}", self.dice.between(0, 9_999_999)))),
                account: None,
            }
            .into(),
            1 => {
                let kind = self.dice.one(CredentialKind::ALL);
                self.claim(kind).into()
            }
            2 => VerifyCredential {
                credential,
                method: self.dice.one(VerificationMethod::ALL),
            }
            .into(),
            3 => RejectCredential {
                credential,
                ground: self.dice.one(RejectionGround::ALL),
                note: None,
            }
            .into(),
            4 if self.dice.percent(30) => RevokeCredential {
                credential,
                ground: self.dice.one(RevocationGround::ALL),
                note: None,
            }
            .into(),
            5 => RecordHealthCertificate {
                issuer: "西湖区疾病预防控制中心".to_owned(),
                issue_date: self.day(-340, 0),
                passed: self.dice.percent(90),
                sha256: None,
            }
            .into(),
            6 => RecordQuery {
                occasion: self.dice.one(QueryOccasion::ALL),
                queried_of: self.dice.one(QueriedOf::ALL),
                query_date: self.day(-200, 0),
                found: if self.dice.percent(5) {
                    vec![self.dice.one(Offence::ALL)]
                } else {
                    Vec::new()
                },
            }
            .into(),
            7 => RecordTraining {
                kind: self.dice.one(TrainingKind::ALL),
                hours: self.dice.count(1, 80),
                provider: "浙江省托育培训中心".to_owned(),
                completed_date: self.day(-90, 0),
            }
            .into(),
            8 | 9 => Engage {
                institution,
                post: self.dice.one(Post::ALL),
                employment: self.dice.one(Employment::ALL),
                share_permille: self.dice.count(1, 4) * 250,
                start_date: self.day(-3, 0),
            }
            .into(),
            10 => ChangePost {
                engagement,
                post: self.dice.one(Post::ALL),
                share_permille: self.dice.count(1, 4) * 250,
                from_date: self.day(-2, 0),
            }
            .into(),
            11 => TakeOffDuty {
                engagement,
                ground: self.dice.one(OffDutyGround::ALL),
            }
            .into(),
            12 => ReturnToDuty { engagement }.into(),
            13 => EndEngagement {
                engagement,
                end_date: self.day(-2, 0),
                ground: self.dice.one(EndGround::ALL),
            }
            .into(),
            14 if self.dice.percent(30) => Bar {
                ground: self.dice.one(BarGround::ALL),
                from_date: self.day(-5, 5),
                until_date: self.dice.percent(60).then(|| self.day(10, 900)),
                decision_number: "杭西卫罚〔2026〕7号".to_owned(),
                reason: words(),
            }
            .into(),
            _ => LiftBar {
                decision_number: "杭西卫撤〔2026〕1号".to_owned(),
                reason: words(),
            }
            .into(),
        }
    }
}
