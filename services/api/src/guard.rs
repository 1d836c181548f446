//! The outermost gate of the one port that gRPC and the page share. It decides by path, because tonic itself runs a call
//! whatever its HTTP method and content type say: any web page could send one.
//!
//! * Every request: the host must be loopback (DNS rebinding), and nothing may say that it was forwarded, since the actor
//!   header is believed on loopback only.
//! * Calls (`/<package>.<Service>/<Method>`): POST with `application/grpc*`, and no `Origin`.
//! * Everything else: GET and HEAD.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Refuses what must not come in. A middleware for `axum::middleware::from_fn`, outermost.
pub async fn guard(request: Request, next: Next) -> Response {
    match refusal(request.method(), request.uri(), request.headers()) {
        None => next.run(request).await,
        Some((status, reason)) => {
            (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], reason).into_response()
        }
    }
}

/// Whether a path is that of a call: two segments, of which the first holds a dot.
#[must_use]
pub fn is_rpc(path: &str) -> bool {
    path.strip_prefix('/')
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(service, _)| service.contains('.'))
}

fn refusal(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    if !host_is_loopback(uri, headers) {
        return Some((StatusCode::MISDIRECTED_REQUEST, "this host is not served here"));
    }
    let forwarded = |name: &header::HeaderName| name == header::FORWARDED || name.as_str().starts_with("x-forwarded-");
    if headers.keys().any(forwarded) {
        return Some((StatusCode::FORBIDDEN, "forwarded requests are not served"));
    }
    if !is_rpc(uri.path()) {
        let reads = method == Method::GET || method == Method::HEAD;
        return (!reads).then_some((StatusCode::METHOD_NOT_ALLOWED, "the page is read-only"));
    }
    if method != Method::POST {
        return Some((StatusCode::METHOD_NOT_ALLOWED, "a call is a POST"));
    }
    if headers.contains_key(header::ORIGIN) {
        return Some((StatusCode::FORBIDDEN, "browsers make no calls here"));
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let grpc = match (types.next(), types.next()) {
        (Some(value), None) => is_grpc(value.as_bytes()),
        _ => false,
    };
    (!grpc).then_some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "a call is application/grpc"))
}

/// `application/grpc`, `application/grpc+proto`, `application/grpc;…`, and nothing that merely begins alike.
fn is_grpc(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    value
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// Whether every name by which the request calls this server is loopback; there must be one.
fn host_is_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut named = false;
    if let Some(authority) = uri.authority() {
        named = true;
        if !is_loopback(authority.as_str()) {
            return false;
        }
    }
    for host in headers.get_all(header::HOST) {
        named = true;
        if !host.to_str().is_ok_and(is_loopback) {
            return false;
        }
    }
    named
}

fn is_loopback(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) => (host, port.strip_prefix(':').or(port.is_empty().then_some("0"))),
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("0")),
        },
    };
    let known = host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    known && port.is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "/yujian.audit.v1.AuditService/EraseSubject";

    fn status(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        refusal(&method, &uri.parse().unwrap(), &map).map(|(status, _)| status.as_u16())
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:7300");
    const GRPC: (&str, &str) = ("content-type", "application/grpc");

    #[test]
    fn a_call_over_grpc_passes() {
        assert_eq!(status("POST", CALL, &[HOST, GRPC]), None);
        assert_eq!(
            status("POST", CALL, &[HOST, ("content-type", "application/grpc+proto")]),
            None
        );
        assert_eq!(status("POST", &format!("http://localhost:7300{CALL}"), &[GRPC]), None);
        assert_eq!(
            status("POST", "/grpc.health.v1.Health/Check", &[("host", "[::1]:7300"), GRPC]),
            None
        );
    }

    #[test]
    fn a_web_page_makes_no_call() {
        assert_eq!(status("POST", CALL, &[HOST, ("content-type", "text/plain")]), Some(415));
        assert_eq!(status("POST", CALL, &[HOST]), Some(415));
        assert_eq!(
            status("POST", CALL, &[HOST, ("content-type", "application/grpcx")]),
            Some(415)
        );
        assert_eq!(
            status("POST", CALL, &[HOST, GRPC, ("content-type", "text/plain")]),
            Some(415)
        );
        assert_eq!(status("GET", CALL, &[HOST, GRPC]), Some(405));
        assert_eq!(
            status("OPTIONS", CALL, &[HOST, ("origin", "http://evil.example")]),
            Some(405)
        );
        assert_eq!(
            status("POST", CALL, &[HOST, GRPC, ("origin", "http://127.0.0.1:7300")]),
            Some(403)
        );
    }

    #[test]
    fn another_host_is_misdirected() {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "127.0.0.1:http",
            "[::1",
            "0.0.0.0",
            "",
        ] {
            assert_eq!(status("GET", "/", &[("host", host)]), Some(421), "{host}");
        }
        assert_eq!(status("GET", "/", &[]), Some(421));
        assert_eq!(status("GET", "http://evil.example/", &[HOST]), Some(421));
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]", "[::1]:65535"] {
            assert_eq!(status("GET", "/", &[("host", host)]), None, "{host}");
        }
    }

    #[test]
    fn forwarded_requests_are_refused_everywhere() {
        for name in [
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-anything",
        ] {
            assert_eq!(status("GET", "/", &[HOST, (name, "for=10.0.0.1")]), Some(403), "{name}");
            assert_eq!(
                status("POST", CALL, &[HOST, GRPC, (name, "10.0.0.1")]),
                Some(403),
                "{name}"
            );
        }
    }

    #[test]
    fn the_page_is_read_only() {
        assert_eq!(status("GET", "/institutions", &[HOST]), None);
        assert_eq!(status("HEAD", "/assets/page.css", &[HOST]), None);
        assert_eq!(status("POST", "/", &[HOST, GRPC]), Some(405));
        assert_eq!(status("DELETE", "/favicon.ico", &[HOST]), Some(405));
    }

    #[test]
    fn the_path_tells_a_call() {
        assert!(is_rpc(CALL));
        assert!(is_rpc("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
        assert!(!is_rpc("/favicon.ico"));
        assert!(!is_rpc("/assets/page.css"));
        assert!(!is_rpc("/"));
    }
}
