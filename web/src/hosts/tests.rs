//! Hosts and origins as browsers, attackers and other programs send them.

use axum::http::Request;

use super::*;

fn rules(bound: &str, allowed: &str) -> HostRules {
    let allowed = parse_allowed_hosts(allowed).expect("names of hosts");
    HostRules::new(bound.parse().expect("an address"), &allowed)
}

fn head(uri: &str, version: Version, headers: &[(&str, &str)]) -> Parts {
    let request = Request::builder().uri(uri).version(version);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(()).expect("a request").into_parts().0
}

fn kind(rules: &HostRules, headers: &[(&str, &str)]) -> Option<Kind> {
    rules.check(&head("/", Version::HTTP_11, headers)).err().map(|problem| problem.kind())
}

#[test]
fn a_loopback_server_is_named_as_its_own_machine_with_any_port() {
    let rules = rules("127.0.0.1", "weir.test, [fd00::1]");
    for host in [
        "localhost",
        "LOCALHOST:3000",
        "shop.localhost:80",
        "127.0.0.1:3000",
        "127.255.0.9",
        "[::1]:3000",
        "[0:0:0:0:0:0:0:1]",
        "weir.test",
        "Weir.Test:65535",
        "weir.test.",
        "localhost.",
        "localhost.:3000",
        "localhost:",
        "shop.localhost.:",
        "127.0.0.1.",
        "[::1]:",
        "[fd00::1]:1",
    ] {
        assert_eq!(kind(&rules, &[("host", host)]), None, "{host}");
    }
    for host in [
        "",
        ":3000",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "xlocalhost:3000",
        "evil.weir.test",
        "localhost..",
        ".",
        ".:",
        "[::1].",
        "evil.example.",
        "127.1",
        "0177.0.0.1",
        "2130706433",
        "0.0.0.0",
        "10.0.0.1",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::1",
        "[::1]evil.example",
        "::1",
        "localhost::",
        "localhost:.",
        "localhost:65536",
        "localhost:+80",
        "localhost:80@evil.example",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost:80:80",
        "localhost/evil",
        "localhost, evil.example",
        "localhost evil.example",
        "local%68ost",
        "lo\tcalhost",
    ] {
        assert_eq!(kind(&rules, &[("host", host)]), Some(Kind::ForeignHost), "{host}");
    }
}

#[test]
fn a_request_names_one_host() {
    for bound in ["127.0.0.1", "0.0.0.0"] {
        let rules = rules(bound, "");
        let cases: [&[(&str, &str)]; 3] = [
            &[],
            &[("host", "localhost"), ("host", "localhost")],
            &[("host", "localhost"), ("host", "evil.example")],
        ];
        for headers in cases {
            assert_eq!(kind(&rules, headers), Some(Kind::BadHeader), "{bound} {headers:?}");
        }
        for (uri, host, is_same) in [
            ("http://localhost:80/health", "localhost", true),
            ("http://LOCALHOST/health", "localhost:80", true),
            ("http://localhost/health", "localhost:", true),
            ("http://localhost:3000/health", "localhost:3000", true),
            ("http://localhost:3000/health", "localhost", false),
            ("http://evil.example/health", "localhost", false),
            ("http://localhost/health", "evil.example", false),
            ("http://localhost@evil.example/health", "localhost", false),
        ] {
            let found = rules.check(&head(uri, Version::HTTP_11, &[("host", host)]));
            let found = found.err().map(|problem| problem.kind());
            assert_eq!(found, (!is_same).then_some(Kind::BadHeader), "{bound} {uri} {host}");
        }
    }
}

#[test]
fn http_1_0_may_leave_the_host_out_where_any_host_is_accepted() {
    let old = head("/", Version::HTTP_10, &[]);
    rules("0.0.0.0", "").check(&old).expect("any host");
    for restricted in [rules("127.0.0.1", ""), rules("0.0.0.0", "weir.test")] {
        let problem = restricted.check(&old).expect_err("no host");
        assert_eq!(problem.kind(), Kind::ForeignHost);
    }
    let absolute = head("http://evil.example/", Version::HTTP_10, &[]);
    let problem = rules("127.0.0.1", "").check(&absolute).expect_err("a foreign host");
    assert_eq!(problem.kind(), Kind::ForeignHost);
}

#[test]
fn pages_of_other_sites_are_rejected_and_pages_of_this_machine_are_not() {
    let rules = rules("::1", "weir.test");
    let host = ("host", "[::1]:3000");
    for (name, value) in [
        ("origin", "http://localhost:5173"),
        ("origin", "https://127.0.0.1"),
        ("origin", "HTTP://localhost:5173"),
        ("origin", "Https://localhost."),
        ("origin", "http://[::1]:3000"),
        ("origin", "http://weir.test"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
    ] {
        assert_eq!(kind(&rules, &[host, (name, value)]), None, "{name}: {value}");
    }
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "http://localhost.evil.example"),
        ("origin", "http://localhost@evil.example"),
        ("origin", "http://localhost:3000/"),
        ("origin", "null"),
        ("origin", ""),
        ("origin", "file://"),
        ("origin", "localhost"),
        ("origin", "://localhost"),
        ("origin", "ftp://localhost"),
        ("origin", "chrome-extension://localhost"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "Cross-Site"),
    ] {
        let found = kind(&rules, &[host, (name, value)]);
        assert_eq!(found, Some(Kind::ForeignOrigin), "{name}: {value}");
    }
    let two = [host, ("origin", "http://localhost"), ("origin", "https://evil.example")];
    assert_eq!(kind(&rules, &two), Some(Kind::ForeignOrigin));
}

#[test]
fn a_server_of_a_network_takes_any_name_unless_its_own_are_listed() {
    let host = ("host", "weir.example:8080");
    let origin = ("origin", "https://shop.example");
    assert_eq!(kind(&rules("10.0.0.7", ""), &[host, origin]), None);
    assert_eq!(kind(&rules("10.0.0.7", "weir.example"), &[host, origin]), None);
    let other = kind(&rules("10.0.0.7", "other.example"), &[host, origin]);
    assert_eq!(other, Some(Kind::ForeignHost));
}

#[test]
fn health_is_asked_for_by_any_name_and_by_no_page_of_another_site() {
    let host = ("host", "10.0.0.7:8080");
    for rules in [rules("127.0.0.1", ""), rules("10.0.0.7", "weir.example")] {
        let kind = |method: Method, path: &str, headers: &[(&str, &str)]| {
            let mut head = head(path, Version::HTTP_11, headers);
            head.method = method;
            rules.check(&head).err().map(|problem| problem.kind())
        };
        assert_eq!(kind(Method::GET, "/health", &[host]), None);
        assert_eq!(kind(Method::HEAD, "/health", &[host]), None);
        for (method, path) in [
            (Method::POST, "/health"),
            (Method::GET, "/health/"),
            (Method::GET, "/healthy"),
            (Method::GET, "//health"),
            (Method::GET, "/order?/health"),
        ] {
            let found = kind(method.clone(), path, &[host]);
            assert_eq!(found, Some(Kind::ForeignHost), "{method} {path}");
        }
        assert_eq!(kind(Method::GET, "/health", &[host, host]), Some(Kind::BadHeader));
        assert_eq!(kind(Method::GET, "/health", &[]), Some(Kind::BadHeader));
    }
    let old = head("/health", Version::HTTP_10, &[]);
    rules("127.0.0.1", "").check(&old).expect("no host");
    let page = head("/health", Version::HTTP_11, &[host, ("origin", "https://evil.example")]);
    let problem = rules("127.0.0.1", "").check(&page).expect_err("a foreign origin");
    assert_eq!(problem.kind(), Kind::ForeignOrigin);
}

#[test]
fn an_allowed_name_may_end_with_a_dot() {
    let rules = rules("10.0.0.7", "weir.example.");
    for host in ["weir.example", "weir.example.", "weir.example.:80"] {
        assert_eq!(kind(&rules, &[("host", host)]), None, "{host}");
    }
}

#[test]
fn a_problem_has_the_value_and_what_is_allowed() {
    let rules = rules("127.0.0.1", "weir.test");
    let request = head("/", Version::HTTP_11, &[("host", "evil.example")]);
    let problem = rules.check(&request).expect_err("a foreign host");
    assert_eq!(
        problem.detail(),
        "the host is `evil.example`, expected `weir.test`, localhost or a loopback address \
         (WEIR_ALLOWED_HOSTS allows more)"
    );
    let long = "x".repeat(5_000);
    let request = head("/", Version::HTTP_11, &[("host", &long)]);
    let problem = rules.check(&request).expect_err("a foreign host");
    assert!(problem.detail().len() < 250, "{}", problem.detail());
}

#[test]
fn allowed_hosts_are_names_without_scheme_and_port() {
    let names = parse_allowed_hosts(" weir.test,[::2] ,, a_b-c ").expect("names");
    assert_eq!(names, ["weir.test", "[::2]", "a_b-c"]);
    for value in ["http://weir.test", "weir.test:80", "*", "a b", "[::x]", "ä.example"] {
        let error = parse_allowed_hosts(value).expect_err(value).to_string();
        assert!(error.starts_with(&format!("WEIR_ALLOWED_HOSTS has `{value}`")), "{error}");
    }
}
