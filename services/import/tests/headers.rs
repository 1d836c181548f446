//! What the header row and the cells of an edition may be, and what stops it before anything is appended.
#![allow(clippy::unwrap_used)]

mod support;

use support::register::{FIRST, SECOND, day, first, mapping_text, reasons, second, try_edition};
use support::{Floor, options, repository};
use yujian_import::{ImportError, Mapping, Options, import};

/// The second edition with its header row changed.
async fn with_header(from: &str, to: &str) -> ImportError {
    let bytes = std::fs::read(second()).unwrap();
    let text = encoding_rs::GB18030.decode(&bytes).0.into_owned();
    assert!(text.contains(from));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("edition.csv");
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    let floor = Floor::new().await;
    let error = try_edition(&floor, &file, SECOND, false).await.unwrap_err();
    assert!(floor.records().await.is_empty());
    error
}

#[tokio::test]
async fn a_head_that_is_missing_ambiguous_or_unknown_stops_the_import() {
    let error = with_header(",运营状态,", ",现状,").await;
    assert!(
        matches!(&error, ImportError::ColumnsMissing { columns, unknown, line: Some(3) }
            if columns == &["登记状态"] && unknown == &["现状"]),
        "{error}"
    );
    let error = with_header(",备注,", ",登记状态,").await;
    assert!(
        matches!(&error, ImportError::ColumnAmbiguous { column, heads }
            if column == "登记状态" && heads == &["运营状态", "登记状态"]),
        "{error}"
    );
    let error = with_header(",备注,", ",备注栏,").await;
    assert!(
        matches!(&error, ImportError::HeadsUnknown { heads } if heads == &["备注栏"]),
        "{error}"
    );
    let error = with_header(",备注,", ",运营状态,").await;
    assert!(
        matches!(&error, ImportError::ColumnTwice { column } if column == "运营状态"),
        "{error}"
    );
}

#[tokio::test]
async fn an_edition_tells_one_day() {
    let told = mapping_text()
        .replace(
            "ignore = [\"序号\", \"成立日期\", \"备注\"]",
            "ignore = [\"序号\", \"备注\"]",
        )
        .replace(
            "[institution]\n",
            "[institution]\nedition_date = { column = \"成立日期\" }\n",
        );
    let mapping = Mapping::parse(&told).unwrap();
    let floor = Floor::new().await;
    let try_file = async |text: &str, date: Option<&str>| {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("edition.csv");
        std::fs::write(&file, text).unwrap();
        let options = Options {
            edition_date: date.map(day),
            ..options(false, None, &|_, _| {})
        };
        import(&floor.commands, &mapping, &file, options).await
    };
    let text = std::fs::read_to_string(first()).unwrap();
    let mixed = try_file(&text, None).await.unwrap_err();
    assert!(
        matches!(mixed, ImportError::EditionsMixed { ref dates } if dates.len() > 2),
        "{mixed}"
    );
    let rows: Vec<&str> = text.lines().take(6).collect();
    let one = rows.join("\n").replace("2017-03-12", "2016-02-11");
    let against = try_file(&one, Some("2016-02-12")).await.unwrap_err();
    assert!(
        matches!(against, ImportError::EditionsMixed { ref dates } if dates.len() == 2),
        "{against}"
    );
    let unknown = one.replace("2016-02-11", "");
    let unknown = try_file(&unknown, None).await.unwrap_err();
    assert!(matches!(unknown, ImportError::EditionUnknown), "{unknown}");
    assert!(floor.records().await.is_empty());
    let report = try_file(&one, None).await.unwrap();
    assert_eq!(report.edition.as_ref().unwrap().date, day("2016-02-11"));
    assert_eq!(report.accepted, 2, "{report}");
}

#[test]
fn heads_that_do_not_hold_together_are_refused_with_their_path() {
    let text = mapping_text();
    for (from, to, path) in [
        (
            "\"机构编号\" = [\"备案编号\"]",
            "\"编号\" = [\"备案编号\"]",
            "heads.also.\"编号\"",
        ),
        ("[\"信用代码\"]", "[\"备案编号\"]", "heads.also.\"统一社会信用代码\""),
        ("[\"信用代码\"]", "[\"详细地址\"]", "heads.also.\"统一社会信用代码\""),
        (
            "optional = [\"核定日期\"]",
            "optional = [\"机构编号\"]",
            "heads.optional",
        ),
        ("optional = [\"核定日期\"]", "optional = [\"核定\"]", "heads.optional"),
        ("\"成立日期\", \"备注\"]", "\"成立日期\", \"机构名称\"]", "heads.ignore"),
        ("within = \"3301\"", "within = \"3399\"", "institution.region.within"),
        ("within = \"3301\"", "root = \"US-48\"", "institution.region.entered"),
        (
            "register_status = { column = \"登记状态\" }\n",
            "",
            "institution.closed",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = Mapping::parse(&text.replacen(from, to, 1)).unwrap_err();
        assert!(error.path.starts_with(path), "{from}: {error}");
    }
}

#[tokio::test]
async fn a_division_of_many_names_needs_the_one_above_it() {
    let floor = Floor::new().await;
    let text = "号,名,市,区\n1,a,,西湖区\n2,b,杭州市,西湖区\n3,c,南昌市,西湖区\n4,d,杭州市,330106\n5,e,杭州市,360103\n6,f,,东莞市\n7,g,,\n";
    let mapping = |first: &str| {
        let region = format!("region = {{ parts = [{first}{{ column = \"区\" }}] }}");
        let institution = "[institution]\nkey = [\"号\"]\nname = { column = \"名\" }";
        Mapping::parse(&format!("register = \"{}\"\n{institution}\n{region}\n", first.len())).unwrap()
    };
    let directory = tempfile::tempdir().unwrap();
    let (file, rejects) = (directory.path().join("list.csv"), directory.path().join("rejects.csv"));
    std::fs::write(&file, text).unwrap();
    let mut found = Vec::new();
    for first in ["", "{ column = \"市\" }, "] {
        floor
            .try_import(&mapping(first), &file, false, Some(&rejects))
            .await
            .unwrap();
        found.push(reasons(&std::fs::read_to_string(&rejects).unwrap()));
    }
    // By the district alone: three are of one name, six is a city and its only county, seven tells none.
    assert_eq!(
        found[0],
        ["2,区,BAD_REGION", "3,区,BAD_REGION", "4,区,BAD_REGION", "8,区,MISSING"]
    );
    // With the city: where it is blank the path ends, and one code lies elsewhere.
    assert_eq!(
        found[1],
        ["2,市,MISSING", "6,市 + 区,BAD_REGION", "7,市,MISSING", "8,市,MISSING"]
    );
}

#[tokio::test]
async fn a_register_of_cases_has_no_editions() {
    let text = std::fs::read_to_string(repository().join("deploy/mappings/texas-injuries.toml")).unwrap();
    let floor = Floor::new().await;
    let options = Options {
        edition_date: Some(day(FIRST)),
        ..options(false, None, &|_, _| {})
    };
    let file = repository().join("tests/data/texas/injuries.csv");
    let error = import(&floor.commands, &Mapping::parse(&text).unwrap(), &file, options)
        .await
        .unwrap_err();
    assert!(matches!(error, ImportError::NoEditions), "{error}");
}
