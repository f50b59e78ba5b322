//! The tables come from urllib3 2.8 `Retry`, run step by step over the same script.

use std::time::Duration;

use super::{Decision, Failure, Limit, Policy, Retry};
use crate::value::{Object, Tree};

enum Step {
    Error(Failure),
    Status(u16, Option<&'static str>),
}
use Failure::{Connect, Other, Read};
use Step::{Error as E, Status as S};

fn again(seconds: f64) -> Decision {
    Decision::Again(Duration::from_secs_f64(seconds))
}

fn run(members: &[(&str, Tree)], method: &str, steps: &[Step]) -> Vec<Decision> {
    let object: Object = members.iter().map(|(key, value)| (*key, value.clone())).collect();
    let policy = Policy::parse(&Tree::Object(object)).unwrap();
    let mut retry = Retry::new(std::sync::Arc::new(policy.clone()));
    let mut random = || 0.5;
    let mut seen = Vec::new();
    for step in steps {
        seen.push(match step {
            E(failure) => retry.after_error(*failure, method, &mut random),
            S(status, header) => retry.after_status(*status, *header, method, 0, &mut random),
        });
        if !matches!(seen.last(), Some(Decision::Again(_))) {
            break;
        }
    }
    seen
}

fn int(number: i64) -> Tree {
    Tree::Int(number)
}

fn list(codes: &[i64]) -> Tree {
    Tree::Array(codes.iter().map(|code| Tree::Int(*code)).collect())
}

#[test]
fn errors() {
    let two = [("total", int(2))];
    let now = again(0.0);
    assert_eq!(run(&two, "GET", &[E(Connect), E(Connect), E(Connect)]), [now, now, Decision::Exhausted]);
    assert_eq!(run(&two, "POST", &[E(Read)]), [Decision::PassOn]);
    assert_eq!(run(&two, "POST", &[E(Connect), E(Other), E(Connect)]), [now, now, Decision::Exhausted]);
    assert_eq!(run(&[("total", int(0)), ("read", false.into())], "GET", &[E(Read)]), [Decision::PassOn]);
    assert_eq!(run(&[("total", int(0))], "GET", &[E(Connect)]), [Decision::Exhausted]);
    assert_eq!(run(&[("total", false.into())], "GET", &[E(Connect)]), [Decision::PassOn]);
    let five = ("total", int(5));
    assert_eq!(run(&[five.clone(), ("connect", int(0))], "GET", &[E(Connect)]), [Decision::Exhausted]);
    assert_eq!(run(&[five.clone(), ("connect", false.into())], "GET", &[E(Connect)]), [Decision::PassOn]);
    assert_eq!(run(&[five.clone(), ("other", false.into())], "GET", &[E(Other)]), [Decision::Exhausted]);
    assert_eq!(run(&[five, ("other", int(1))], "GET", &[E(Other), E(Other)]), [now, Decision::Exhausted]);
    assert_eq!(
        run(&[("total", Tree::Null), ("connect", int(1))], "GET", &[E(Connect), E(Connect)]),
        [now, Decision::Exhausted]
    );
    let posts = [("total", int(3)), ("allowed_methods", Tree::Array(vec!["post".into()]))];
    assert_eq!(run(&posts, "post", &[E(Read)]), [now]);
}

#[test]
fn backoff() {
    let members = [("total", int(6)), ("backoff_factor", 0.5.into()), ("backoff_max", int(3))];
    let steps = [E(Connect), E(Connect), E(Connect), E(Connect), E(Connect), E(Connect)];
    assert_eq!(run(&members, "GET", &steps), [0.0, 1.0, 2.0, 3.0, 3.0, 3.0].map(again));
    let members = [("total", int(3)), ("backoff_factor", int(1)), ("backoff_jitter", int(2))];
    assert_eq!(run(&members, "GET", &[E(Connect), E(Connect), E(Connect)]), [0.0, 3.0, 5.0].map(again));
    let members = [("total", int(3)), ("backoff_factor", int(1)), ("status_forcelist", list(&[503]))];
    assert_eq!(
        run(&members, "GET", &[E(Connect), S(503, None), E(Read), S(503, None)]),
        [again(0.0), again(2.0), again(4.0), Decision::Exhausted]
    );
}

#[test]
fn statuses() {
    let forced = ("status_forcelist", list(&[503]));
    let bad = || S(503, None);
    let now = again(0.0);
    let two = ("total", int(2));
    assert_eq!(run(&[two, forced.clone()], "GET", &[bad(), bad(), bad()]), [now, now, Decision::Exhausted]);
    let quiet = [("total", int(1)), forced.clone(), ("raise_on_status", false.into())];
    assert_eq!(run(&quiet, "GET", &[bad(), bad()]), [now, Decision::PassOn]);
    let off = [("total", false.into()), forced.clone()];
    assert_eq!(run(&off, "GET", &[bad()]), [Decision::Exhausted]);
    let one = [("total", int(5)), ("status", int(1)), forced.clone()];
    assert_eq!(run(&one, "GET", &[bad(), bad()]), [now, Decision::Exhausted]);
    let never = [("total", int(3)), ("status", false.into()), forced.clone()];
    assert_eq!(run(&never, "GET", &[bad()]), [Decision::Exhausted]);
    let one = [("total", int(1)), ("connect", int(0)), forced];
    assert_eq!(run(&one, "GET", &[bad(), bad()]), [now, Decision::Exhausted]);
}

#[test]
fn retry_after() {
    let two = [("total", int(2))];
    let seven = || S(503, Some("7"));
    assert_eq!(
        run(&two, "GET", &[seven(), S(429, Some("99999")), seven()]),
        [again(7.0), again(21600.0), Decision::PassOn]
    );
    assert_eq!(run(&two, "GET", &[S(500, Some("7"))]), [Decision::PassOn]);
    assert_eq!(run(&two, "POST", &[seven()]), [Decision::PassOn]);
    assert_eq!(run(&two, "GET", &[S(503, Some(""))]), [Decision::PassOn]);
    assert_eq!(run(&[("total", int(0))], "GET", &[seven()]), [Decision::PassOn]);
    assert_eq!(run(&[("total", Tree::Null)], "GET", &[seven()]), [Decision::PassOn]);
    assert_eq!(run(&[("total", int(2)), ("allowed_methods", Tree::Null)], "POST", &[seven()]), [again(7.0)]);
    assert_eq!(run(&[("retry_after_max", int(5))], "GET", &[seven()]), [again(5.0)]);
    let deaf =
        [("respect_retry_after_header", false.into()), ("status_forcelist", list(&[503])), ("backoff_factor", int(1))];
    assert_eq!(run(&deaf, "GET", &[seven(), seven()]), [again(0.0), again(2.0)]);
    let nought = || S(503, Some("0"));
    assert_eq!(run(&[("backoff_factor", int(1))], "GET", &[nought(), nought()]), [again(0.0), again(2.0)]);
    assert_eq!(run(&two, "GET", &[S(503, Some("Thu, 01 Jan 1970 00:01:00 GMT"))]), [again(60.0)]);
    assert_eq!(run(&two, "GET", &[S(503, Some("soon"))]), [again(0.0)]);
}

#[test]
fn arguments() {
    assert_eq!(Policy::parse(&Tree::Int(3)).unwrap().total, Limit::Count(3));
    assert_eq!(Policy::parse(&Tree::Null).unwrap().read, Limit::Off);
    assert_eq!(Policy::parse(&Tree::Bool(false)).unwrap().total, Limit::Off);
    for wrong in [Tree::Int(-1), Tree::Bool(true), "x".into(), Object::from_iter([("totl", 1i64)]).into()] {
        assert_eq!(Policy::parse(&wrong).unwrap_err().code(), "argument");
    }
}
