//! Keys lie on one host: its nodes share them, another host is refused in words until they are moved there.

use std::path::Path;
use std::process::Command;

use uuid::Uuid;

use super::{address, cluster, run, serve, start, text};
use crate::support::{by, credit_code, directory, has, operator, registration};

/// A command as another machine would run it: with another machine id.
fn elsewhere(machine_id: &Path, command: &Command) -> Command {
    let mut other = Command::new("unshare");
    other
        .args(["-rm", "sh", "-c", "mount --bind \"$0\" /etc/machine-id && exec \"$@\""])
        .arg(machine_id)
        .arg(command.get_program())
        .args(command.get_args());
    for (name, _) in command.get_envs() {
        other.env_remove(name);
    }
    other
}

/// Whether this machine has an id that can be exchanged for a process.
fn can_pretend(machine_id: &Path) -> bool {
    let there = Path::new("/etc/machine-id").exists()
        && elsewhere(machine_id, &Command::new("true"))
            .status()
            .is_ok_and(|status| status.success());
    has("another machine id (unshare -rm, /etc/machine-id)", there)
}

async fn output(mut command: Command) -> (bool, String) {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    (
        output.status.success(),
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_is_refused_in_words_until_the_keys_are_moved_there() {
    let home = directory();
    let machine_id = home.path().join("machine-id");
    std::fs::write(&machine_id, "0123456789abcdef0123456789abcdef\n").unwrap();
    if !can_pretend(&machine_id) {
        return;
    }
    let cluster = cluster(1).await;
    let log = address(&cluster);
    let (here, there) = (home.path().join("here"), home.path().join("there"));
    let keys = home.path().join("keys");
    let server = start(&log, &here, &keys).await;
    let ask = |number, request| by(&operator(&credit_code(number)), registration(number, request));
    server
        .licensing()
        .await
        .register_institution(ask(1, Uuid::new_v4()))
        .await
        .unwrap();

    // With a copy of the keys, or with none: the second host does not start.
    let copied = home.path().join("copied");
    std::fs::create_dir(&copied).unwrap();
    for file in ["keys.db", "keys.db-wal", "keys.kek"] {
        if keys.join(file).exists() {
            std::fs::copy(keys.join(file), copied.join(file)).unwrap();
        }
    }
    let (well, said) = output(elsewhere(&machine_id, &serve(&log, &there, &copied))).await;
    assert!(!well);
    for words in ["keys of this log are held by the host", "take-keys", "密钥"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let (well, said) = output(elsewhere(&machine_id, &serve(&log, &there, &home.path().join("none")))).await;
    assert!(
        !well && said.contains("keys of this log are held by the host"),
        "{said}"
    );

    // Moved: the new host serves, and the node that runs on at the old one takes no more commands.
    let take = crate::support::yujian(&["kurrentdb", "take-keys", "--log", &log, "--keys-dir", text(&copied)]);
    let (well, said) = output(elsewhere(&machine_id, &take)).await;
    assert!(well && said.contains("held by"), "{said}");
    let mut refused = None;
    for number in 2..100 {
        let answer = server
            .licensing()
            .await
            .register_institution(ask(number, Uuid::new_v4()))
            .await;
        match answer {
            Err(status) => {
                refused = Some(status);
                break;
            }
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
    let refused = refused.expect("the old host goes on");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused:?}");
    drop(server);
    let (well, said) = run(&[
        "serve",
        "--port",
        "0",
        "--log",
        &log,
        "--data-dir",
        text(&here),
        "--keys-dir",
        text(&keys),
    ])
    .await;
    assert!(
        !well && said.contains("keys of this log are held by the host"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_not_the_logs_own_leave_it_readable_and_refuse_writes() {
    let cluster = cluster(1).await;
    let log = address(&cluster);
    let home = directory();
    let (keys, data) = (home.path().join("keys"), home.path().join("data"));
    let server = start(&log, &data, &keys).await;
    let ask = |number| by(&operator(&credit_code(number)), registration(number, Uuid::new_v4()));
    server.licensing().await.register_institution(ask(1)).await.unwrap();
    drop(server);
    for file in ["keys.db", "keys.db-wal", "keys.db-shm"] {
        let _ = std::fs::remove_file(keys.join(file));
    }
    let server = start(&log, &data, &keys).await;
    let refused = server.licensing().await.register_institution(ask(2)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused:?}");
    assert_eq!(crate::small::institutions(&server).await.len(), 1);
}
