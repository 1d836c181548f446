//! The shipped tree of divisions and its inhabitants.

use std::fmt::Write as _;

use proptest::prelude::*;
use yujian_domain::divisions::{Divisions, Level, Tables};

fn inhabitants(code: &str) -> Option<u64> {
    Divisions::shipped().get(code).unwrap().inhabitants
}

#[test]
fn the_tree_holds_every_division_of_2023() {
    let tree = Divisions::shipped();
    let count = |level| tree.iter().filter(|division| division.level == level).count();
    assert_eq!([count(Level::Province), count(Level::City)], [31, 342]);
    assert_eq!([count(Level::County), count(Level::Township)], [2_978, 41_352]);
    assert_eq!(tree.provinces().len(), 31);
    assert!(tree.iter().all(|division| division.id.entered() == 2023));
}

#[test]
fn names_lead_from_the_province_down() {
    let tree = Divisions::shipped();
    assert_eq!(tree.path("330106"), ["浙江省", "杭州市", "西湖区"]);
    assert_eq!(tree.path("330106002"), ["浙江省", "杭州市", "西湖区", "北山街道"]);
    assert_eq!(tree.path("33"), ["浙江省"]);
    for unknown in ["999999", "330199", "US-48/HARRIS", "", "3"] {
        assert!(tree.path(unknown).is_empty(), "{unknown}");
        assert!(tree.get(unknown).is_none() && tree.level_of(unknown).is_none());
        assert!(tree.subtree(unknown).is_empty() && tree.children(unknown).is_empty());
        assert_eq!(tree.township_count(unknown), 0);
    }
    assert_eq!(tree.level_of("3301"), Some(Level::City));
}

#[test]
fn children_are_the_direct_parts() {
    let tree = Divisions::shipped();
    let names = |code: &str| {
        tree.children(code)
            .into_iter()
            .map(|part| part.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("33").len(), 11);
    assert_eq!(names("33")[..2], ["杭州市", "宁波市"]);
    assert_eq!(names("3301").len(), 13);
    assert!(names("330106002").is_empty());
    // A city without counties of its own: its one county row repeats its name.
    assert_eq!(names("4419"), ["东莞市"]);
    assert_eq!(tree.township_count("33"), 1_387);
    assert_eq!(tree.township_count("330106002"), 1);
}

#[test]
fn every_level_is_the_sum_of_its_parts() {
    let tree = Divisions::shipped();
    let mut seen = 0;
    for division in tree.iter() {
        let parts = tree.children(division.id.code());
        assert!(parts.iter().all(|part| part.parent.as_ref() == Some(&division.id)));
        assert_eq!(
            tree.subtree(division.id.code()).len(),
            1 + parts.iter().map(|p| tree.subtree(p.id.code()).len()).sum::<usize>()
        );
        seen += parts.len();
    }
    assert_eq!(seen + tree.provinces().len(), tree.iter().count());
}

#[test]
fn provinces_have_the_published_totals_of_the_census() {
    // The communiqué of the census: the 31 provinces together, without servicemen; and some of them.
    let total: u64 = Divisions::shipped()
        .provinces()
        .iter()
        .map(|province| province.inhabitants.unwrap())
        .sum();
    assert_eq!(total, 1_409_778_724);
    assert_eq!(inhabitants("11"), Some(21_893_095));
    assert_eq!(inhabitants("33"), Some(64_567_588));
    assert_eq!(inhabitants("44"), Some(126_012_510));
}

#[test]
fn merged_counties_take_the_sum_and_split_ones_have_no_figure() {
    assert_eq!(inhabitants("330106"), Some(1_112_992));
    assert_eq!(inhabitants("330105"), Some(635_136 + 485_849), "拱墅 with 下城");
    for (code, name) in [
        ("330102", "上城"),
        ("330109", "萧山"),
        ("330110", "余杭"),
        ("330113", "临平"),
        ("330114", "钱塘"),
    ] {
        assert_eq!(inhabitants(code), None, "{name}");
    }
    assert_eq!(inhabitants("3301"), Some(11_936_010), "the city keeps all of them");
    assert_eq!(inhabitants("320613"), Some(780_564 + 403_176), "崇川 with 港闸");
    assert_eq!(inhabitants("410308"), Some(69_142 + 416_845), "孟津 with 吉利");
    assert_eq!(inhabitants("654203"), Some(301_046), "沙湾, renumbered");
    assert_eq!(
        inhabitants("140971"),
        Some(17_050),
        "五台山, under another code in the census"
    );
    assert_eq!(inhabitants("320576"), Some(1_133_927), "苏州工业园区, by name");
    assert_eq!(inhabitants("4603"), Some(2_333), "三沙 once, not twice");
    assert_eq!(inhabitants("460321"), Some(1_549));
}

#[test]
fn townships_have_no_figure() {
    assert!(
        Divisions::shipped()
            .iter()
            .all(|d| d.level != Level::Township || d.inhabitants.is_none())
    );
}

/// What the census can't say, and what it says that has no place: pinned, so that a new table shows its effect.
#[test]
fn what_stays_open_is_known() {
    let tree = Divisions::shipped();
    let mut open = String::from("# divisions without inhabitants\n");
    for division in tree
        .iter()
        .filter(|d| d.level != Level::Township && d.inhabitants.is_none())
    {
        writeln!(
            open,
            "{} {}",
            division.id.code(),
            tree.path(division.id.code()).join("/")
        )
        .unwrap();
    }
    open.push_str("# census rows without a county\n");
    for row in tree.unplaced_census_rows() {
        writeln!(open, "{row}").unwrap();
    }
    assert_eq!(open, include_str!("golden/divisions-open.txt"), "now:\n{open}");
}

#[test]
fn damaged_tables_are_refused_with_their_line() {
    let refused = |change: &dyn Fn(&mut Tables<'static>)| {
        let mut tables = Tables::SHIPPED;
        change(&mut tables);
        let error = Divisions::from_tables(&tables).unwrap_err();
        (error.table, error.line)
    };
    assert_eq!(refused(&|t| t.provinces = "code;name\n11,北京市\n"), ("provinces", 1));
    assert_eq!(
        refused(&|t| t.cities = "code,name,provinceCode\n3301,杭州市,32\n"),
        ("cities", 2)
    );
    assert_eq!(
        refused(&|t| t.cities = "code,name,provinceCode\n3301,杭州市\n"),
        ("cities", 2)
    );
    assert_eq!(
        refused(&|t| t.cities = "code,name,provinceCode\n3301,杭州市,33,1\n"),
        ("cities", 2)
    );
    assert_eq!(
        refused(&|t| t.provinces = "code,name\n11,北京市\n33,浙江省\n3,x\n"),
        ("provinces", 4)
    );
    assert_eq!(
        refused(&|t| t.provinces = "code,name\n33,浙江省\n33,浙江省\n").0,
        "divisions"
    );
    assert_eq!(
        refused(&|t| t.cities = "code,name,provinceCode\n").0,
        "divisions",
        "counties without a city"
    );
    assert_eq!(
        refused(&|t| t.changes = "code_2020,name_2020,code_2023,name_2023,year,change\n1,甲,330199,乙,2021,merged\n"),
        ("changes", 2)
    );
}

#[test]
fn lying_within_is_seen_from_the_code() {
    let within = Divisions::is_within;
    assert!(within("330106002", "330106") && within("330106", "33") && within("33", "33") && within("330106", "CN"));
    assert!(!within("33", "3301") && !within("330106", "3302") && !within("330106", "330"));
    assert!(within("US-48/HARRIS", "US-48") && within("US-48", "US-48"));
    assert!(!within("US-48/HARRIS", "CN") && !within("US-48/HARRIS", "US-4") && !within("330106", "US-48"));
    assert!(!within("US-48", "33") && !within("US-48", ""));
}

proptest! {
    #[test]
    fn the_tree_and_the_codes_agree(one in 0_usize..44_000, other in 0_usize..44_000) {
        let tree = Divisions::shipped();
        let all: Vec<_> = tree.iter().collect();
        let (one, other) = (all[one], all[other]);
        let by_tree = tree.lineage(one.id.code()).iter().any(|above| above.id == other.id);
        prop_assert_eq!(by_tree, Divisions::is_within(one.id.code(), other.id.code()));
        prop_assert_eq!(by_tree, one.id.is_within_code(other.id.code()));
        let listed = tree.subtree(other.id.code()).iter().any(|part| part.id == one.id);
        prop_assert_eq!(by_tree, listed);
    }
}
