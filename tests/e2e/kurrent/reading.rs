//! What is read over the cluster is what would be read from `log.db`: dossiers, replays, the page, digests, positions.

use std::time::Duration;

use uuid::Uuid;
use yujian_proto::supervision::v1 as supervision;

use super::{address, cluster, run, start, text};
use crate::small;
use crate::support::{PROVINCE, Server, by, credit_code, directory, eventually, operator, registration, yujian};

#[tokio::test(flavor = "multi_thread")]
async fn replay_dossiers_and_pages_over_the_cluster_are_those_of_the_embedded_log() {
    let (home, demo) = small::copy();
    let cluster = cluster(1).await;
    let log = address(&cluster);
    let (well, said) = run(&["migrate", "--from", text(&demo), "--to", &log]).await;
    assert!(well, "{said}");
    let kept = home.path().join("kept");
    small::copy_directory(&demo, &kept);
    std::fs::remove_file(kept.join("log.db")).unwrap();
    let serve = {
        let (demo, kept, log) = (demo.clone(), kept.clone(), log.clone());
        move || {
            let mut over = yujian(&[
                "demo",
                "--quiet",
                "--reactors",
                "off",
                "--port",
                "0",
                "--log-level",
                "warn",
            ]);
            over.args(["--data-dir", text(&kept), "--log", &log]);
            (small::serve(&demo, &["--quiet"]), Server::spawn(over))
        }
    };
    let (embedded, over) = tokio::task::spawn_blocking(serve).await.unwrap();
    let institutions = small::institutions(&embedded).await;
    assert_eq!(small::institutions(&over).await, institutions);
    assert!(institutions.len() > 30);

    for row in institutions.iter().step_by(9) {
        let dossier = async |server: &Server| {
            let query = supervision::GetDossierRequest {
                name: row.name.clone(),
                ..supervision::GetDossierRequest::default()
            };
            let reply = server
                .supervision()
                .await
                .get_dossier(by(PROVINCE, query))
                .await
                .unwrap();
            reply.into_inner().canonical
        };
        assert_eq!(dossier(&over).await, dossier(&embedded).await, "{}", row.name);
        let id = row.name.trim_start_matches("institutions/");
        for day in ["--known-at=2026-05-20", "--known-at=2026-06-30", "--as-of=2026-05-11"] {
            let (well, from_cluster) = run(&["replay", id, "--json", day, "--log", &log]).await;
            let (same, from_file) = run(&["replay", id, "--json", day, "--data-dir", text(&demo)]).await;
            assert_eq!((well, from_cluster), (same, from_file), "{} {day}", row.name);
        }
    }
    let pages = tokio::task::spawn_blocking(move || {
        let table = |server: &Server| {
            let page = small::page(server, "/institutions");
            let from = page.find("<tbody").unwrap();
            page[from..page.find("</tbody>").unwrap()].to_owned()
        };
        let (over_cluster, from_file) = (table(&over), table(&embedded));
        assert_eq!(over_cluster, from_file);
        assert!(small::page(&over, "/").contains("第 2 纪元"));
        (over, embedded)
    });
    pages.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_writes_another_shows_and_reads_back_by_position() {
    let cluster = cluster(3).await;
    let log = address(&cluster);
    let (keys, data) = (directory(), [directory(), directory()]);
    let (one, other) = tokio::join!(
        start(&log, data[0].path(), keys.path()),
        start(&log, data[1].path(), keys.path())
    );
    for number in 1..=20 {
        let ask = by(&operator(&credit_code(number)), registration(number, Uuid::new_v4()));
        let reply = one
            .licensing()
            .await
            .register_institution(ask)
            .await
            .unwrap()
            .into_inner();
        let query = supervision::ListInstitutionsRequest {
            page_size: 100,
            min_position: reply.command.unwrap().position,
            ..supervision::ListInstitutionsRequest::default()
        };
        // The other node is asked for a position that it has not heard of yet.
        let seen = other
            .supervision()
            .await
            .list_institutions(by(PROVINCE, query))
            .await
            .unwrap();
        assert_eq!(seen.into_inner().institutions.len(), usize::try_from(number).unwrap());
    }
    // A position of another log is refused at once, one that does not exist yet is too.
    for (position, reason) in [("2.100", "POSITION_FOREIGN"), ("1.99999999", "POSITION_FOREIGN")] {
        let query = supervision::ListInstitutionsRequest {
            min_position: position.to_owned(),
            ..supervision::ListInstitutionsRequest::default()
        };
        let refused = other
            .supervision()
            .await
            .list_institutions(by(PROVINCE, query))
            .await
            .unwrap_err();
        use tonic_types::StatusExt;
        assert_eq!(refused.get_details_error_info().unwrap().reason, reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_from_its_checkpoint_and_a_restored_cluster_is_told_from_the_old_one() {
    let cluster = cluster(1).await;
    let log = address(&cluster);
    let (keys, data) = (directory(), directory());
    let server = start(&log, data.path(), keys.path()).await;
    let ask = |number| by(&operator(&credit_code(number)), registration(number, Uuid::new_v4()));
    for number in 1..=5 {
        server
            .licensing()
            .await
            .register_institution(ask(number))
            .await
            .unwrap();
    }
    let backup = cluster.store().events().last().unwrap().position;
    for number in 6..=8 {
        server
            .licensing()
            .await
            .register_institution(ask(number))
            .await
            .unwrap();
    }
    eventually("all are shown", async || small::institutions(&server).await.len() == 8).await;
    drop(server);
    let server = start(&log, data.path(), keys.path()).await;
    assert_eq!(small::institutions(&server).await.len(), 8);

    // The operator of the cluster restores a backup while a node is running: the server goes and comes back without what
    // came after.
    cluster.stop_node(0).await;
    cluster.store().cut_tail(backup);
    cluster.start_node(0).await;
    let refused = server.licensing().await.register_institution(ask(9)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused:?}");
    drop(server);
    let (well, said) = run(&["kurrentdb", "new-epoch", "--log", &log]).await;
    assert!(well && said.contains("epoch      2"), "{said}");
    let server = start(&log, data.path(), keys.path()).await;
    assert_eq!(small::institutions(&server).await.len(), 5);
    server.licensing().await.register_institution(ask(10)).await.unwrap();
    eventually("the sixth is shown", async || {
        small::institutions(&server).await.len() == 6
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_does_not_do_is_said_in_words() {
    let cluster = cluster(1).await;
    let log = address(&cluster);
    let (keys, data) = (directory(), directory());
    for (arguments, words) in [
        (vec!["verify"], "holds no log of Yujian"),
        (vec!["kurrentdb", "status"], "holds no log of Yujian yet"),
        (vec!["backup", "--to", "x"], "by the means of KurrentDB"),
        (vec!["restore", "--from", "x"], "by the means of KurrentDB"),
    ] {
        let mut arguments = arguments;
        arguments.extend(["--log", &log, "--data-dir", text(data.path())]);
        let (well, said) = run(&arguments).await;
        assert!(!well && said.contains(words), "{arguments:?}: {said}");
    }
    let (well, said) = run(&["doctor", "--log", &log, "--data-dir", text(data.path())]).await;
    assert!(well && said.contains("holds no log yet"), "{said}");
    let server = start(&log, data.path(), keys.path()).await;
    let (well, said) = run(&[
        "doctor",
        "--log",
        &log,
        "--data-dir",
        text(data.path()),
        "--keys-dir",
        text(keys.path()),
    ])
    .await;
    assert!(well && said.contains("answers: a log of epoch 1"), "{said}");
    let (well, said) = run(&["kurrentdb", "status", "--log", &log]).await;
    assert!(well && said.contains("held by"), "{said}");
    drop(server);
    // Nobody is there: in time, without the password.
    cluster.stop_node(0).await;
    let secret = log.replace("kurrentdb://", "kurrentdb://admin:geheim@");
    let began = std::time::Instant::now();
    let (well, said) = run(&["verify", "--log", &secret]).await;
    assert!(
        !well && said.contains("no server answers at") && !said.contains("geheim"),
        "{said}"
    );
    assert!(began.elapsed() < Duration::from_secs(40));
}
