//! What follows after papers are handed in. Who acts and by which article is the state machine's matter.

use super::Step;
use crate::institution::machine::{MOVES, Move};

/// A command of the machine by name.
fn by(command: &str) -> Option<&'static Move> {
    MOVES.iter().find(|known| known.command == command)
}

fn steps(written: &[(&'static str, &'static str, &'static str)]) -> Vec<Step> {
    let step = |(command, title_zh, title_en): &(&'static str, &'static str, &'static str)| {
        Some(Step {
            title_zh,
            title_en,
            by: by(command)?,
        })
    };
    // A test holds every name to the machine.
    written.iter().filter_map(step).collect()
}

const FILING: &[(&str, &str, &str)] = &[
    (
        "submit_filing",
        "提交备案材料；材料不全的一次性告知全部需补正的内容",
        "Hand in the papers; when any is missing, everything is told at once",
    ),
    (
        "issue_receipt",
        "发放备案回执和托育机构基本条件告知书",
        "Receipt and notice of the basic conditions",
    ),
    (
        "notify_nonconformity",
        "核查不符合标准的，说明理由并向社会公布",
        "When the verification finds it not up to standard: told with reasons, published",
    ),
    (
        "change_details",
        "登记事项变更后办理变更备案",
        "A change of what is registered is filed",
    ),
    (
        "close",
        "终止服务时妥善安置婴幼儿并注销备案",
        "At the end: children are placed, the filing ends",
    ),
];

const LICENCE: &[(&str, &str, &str)] = &[
    (
        "submit_application",
        "提交许可申请；材料不全的一次性告知全部需补正的内容",
        "Apply for the licence; when a paper is missing, everything is told at once",
    ),
    ("accept_application", "受理申请", "The application is accepted"),
    (
        "provide_information",
        "按要求补充资料，期间审批时限暂停",
        "Information is given when it is asked for; the period of the decision stands still meanwhile",
    ),
    (
        "record_site_verification",
        "两名以上工作人员现场核查",
        "Two persons or more verify on site",
    ),
    (
        "decide_application",
        "由拟办人以外的人员作出决定",
        "Another person than who proposed decides",
    ),
    (
        "lodge_objection",
        "拟不予许可的，申请人可陈述申辩或申请听证",
        "When a refusal is intended: the applicant may object or ask to be heard",
    ),
    ("issue_certificate", "颁发许可证件", "The certificate is handed over"),
    (
        "record_condition_met",
        "按期履行附加条件",
        "Conditions are met by their days",
    ),
];

/// Of a filing.
pub(super) fn filing() -> Vec<Step> {
    steps(FILING)
}

/// Of an application for a licence.
pub(super) fn licence() -> Vec<Step> {
    steps(LICENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_a_command_of_the_machine() {
        for (command, ..) in FILING.iter().chain(LICENCE) {
            assert!(by(command).is_some(), "{command}");
        }
    }
}
