//! Expressions that the server calculates (spec/mesh.md 4.9). The texts are those of the official client, byte for byte.

use super::{Ask, Asked, Shown, Verb, Work, series};
use crate::{
    backends::mesh::form,
    clock::calendar::date_after,
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb {
        name: "calculate",
        changes: false,
        work: Work::One(|ask| asked(ask, ask.text("expression")?.to_owned(), any)),
    },
    Verb { name: "transform", changes: false, work: Work::One(|ask| asked(ask, transform(ask)?, one)) },
    Verb { name: "history_as_of", changes: false, work: Work::One(|ask| asked(ask, as_of(ask)?, one)) },
    Verb { name: "history_versions", changes: false, work: Work::One(|ask| asked(ask, versions(ask)?, several)) },
    Verb {
        name: "all_forecasts",
        changes: false,
        work: Work::One(|ask| asked(ask, format!("## = @GetAllForecasts(@t({}))\n", quoted(ask)?), several)),
    },
    Verb { name: "forecast", changes: false, work: Work::One(|ask| asked(ask, forecast(ask)?, one)) },
    Verb { name: "sum", changes: false, work: Work::One(sum) },
];

/// Steps that a transformation can have, and ways to get to them.
const STEPS: [&str; 10] = ["MIN", "MIN5", "MIN10", "MIN15", "MIN30", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"];
const METHODS: [&str; 8] = ["SUM", "SUMI", "AVG", "AVGI", "FIRST", "LAST", "MIN", "MAX"];
const ZONES: [&str; 3] = ["LOCAL", "STANDARD", "UTC"];

fn asked(ask: &Ask<'_>, expression: String, shape: super::Shape) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("expression", Tree::from(expression));
    fields.insert("interval", Tree::Array(vec![ask.need("start")?.clone(), ask.need("end")?.clone()]));
    fields.insert("relative_to", Tree::from(ask.target()?));
    Ok(Asked::new("calc.v1alpha.CalculationService/RunCalculation", fields, shape))
}

/// The search text in quotes, or nothing. A quote in it would end it early: the language knows no escape.
fn quoted(ask: &Ask<'_>) -> Result<String> {
    match ask.get("search_query") {
        None => Ok(String::new()),
        Some(query) => {
            let text = query.as_str().ok_or_else(|| {
                Error::option("search_query", format!("search_query was {}; text was expected", query.kind_name()))
            })?;
            if text.contains(['\'', '\n', '\r']) {
                return Err(Error::option(
                    "search_query",
                    "search_query had a quote or a line end, which an expression cannot hold",
                ));
            }
            Ok(format!("'{text}'"))
        }
    }
}

/// One word of a list.
fn word<'a>(ask: &Ask<'a>, name: &str, words: &[&str]) -> Result<&'a str> {
    let word = ask.text(name)?;
    if words.contains(&word) {
        return Ok(word);
    }
    Err(Error::option(name, format!("{name} was {word:?}; there are {}", words.join(", "))))
}

fn transform(ask: &Ask<'_>) -> Result<String> {
    let (step, method) = (word(ask, "resolution", &STEPS)?, word(ask, "method", &METHODS)?);
    let zone = match ask.get("timezone") {
        None => String::new(),
        Some(_) => format!(", '{}'", word(ask, "timezone", &ZONES)?),
    };
    Ok(format!("## = @TRANSFORM(@t({}), '{step}', '{method}'{zone})\n", quoted(ask)?))
}

fn as_of(ask: &Ask<'_>) -> Result<String> {
    Ok(format!("## = @GetTsAsOfTime(@t({}),'{}')\n", quoted(ask)?, moment(ask, "available_at_timepoint")?))
}

fn versions(ask: &Ask<'_>) -> Result<String> {
    let most = ask.need("max_number_of_versions_to_get")?.as_int().filter(|most| *most > 0);
    let most = most.ok_or_else(|| {
        Error::option("max_number_of_versions_to_get", "max_number_of_versions_to_get was no number above 0")
    })?;
    Ok(format!("## = @GetTsHistoricalVersions(@t({}),{most})\n", quoted(ask)?))
}

fn forecast(ask: &Ask<'_>) -> Result<String> {
    let range = match (ask.get("forecast_start_min"), ask.get("forecast_start_max")) {
        (None, None) => String::new(),
        (Some(_), Some(_)) => {
            format!(",'{}','{}'", moment(ask, "forecast_start_min")?, moment(ask, "forecast_start_max")?)
        }
        _ => return Err(Error::option("forecast_start_min", "forecast_start_min and forecast_start_max go together")),
    };
    let available = match ask.get("available_at_timepoint") {
        None => String::new(),
        Some(_) => format!(",'{}'", moment(ask, "available_at_timepoint")?),
    };
    Ok(format!("## = @GetForecast(@t({}){range}{available})\n", quoted(ask)?))
}

fn sum(ask: &Ask<'_>) -> Result<Asked> {
    if ask.args.bool("single")?.unwrap_or(false) {
        return asked(ask, format!("## = @SUM(@t({}))\n", quoted(ask)?), number);
    }
    asked(ask, format!("## = @SUM(@T({}))\n", quoted(ask)?), one)
}

/// `UTCyyyymmddHHMMSSmmm`: milliseconds are cut off, not rounded.
fn moment(ask: &Ask<'_>, name: &str) -> Result<String> {
    let given = ask.need(name)?;
    let found = match given {
        Tree::Text(text) => form::milliseconds(text),
        other => other.as_int(),
    };
    let found = found.ok_or_else(|| {
        Error::option(name, format!("{name} was {}; UTC milliseconds or ISO 8601 text was expected", given.kind_name()))
    })?;
    let (year, month, day) = date_after(found.div_euclid(86_400_000));
    let of_day = found.rem_euclid(86_400_000);
    let (hour, minute, second, rest) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
    Ok(format!("UTC{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}{rest:03}"))
}

/// The series of an answer.
fn found(answer: &Tree) -> Vec<Tree> {
    let list = answer.get("timeseries_results").and_then(|results| results.get("timeseries")).and_then(Tree::as_array);
    list.unwrap_or_default().to_vec()
}

fn wrong(what: &str) -> Error {
    Error::new(&code::PROTOCOL, format!("the server calculated {what} where something else was expected"))
}

fn one(answer: Tree) -> Result<Shown> {
    let mut found = found(&answer);
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => series::alone(only),
        (None, _) => Err(wrong("no series")),
        _ => Err(wrong("several series")),
    }
}

fn several(answer: Tree) -> Result<Shown> {
    Ok(Tree::Array(found(&answer).into_iter().map(series::item).collect()).into())
}

fn numbers(answer: &Tree, name: &str) -> Option<Vec<Tree>> {
    Some(answer.get(name)?.get("value")?.as_array()?.to_vec())
}

fn number(answer: Tree) -> Result<Shown> {
    match numbers(&answer, "numeric_results").as_deref() {
        Some([only]) => Ok(only.clone().into()),
        _ => Err(wrong("no single number")),
    }
}

/// Whatever it is: one series as a series, several in a list, numbers, strings.
fn any(answer: Tree) -> Result<Shown> {
    if let Some(list) = numbers(&answer, "numeric_results").or_else(|| numbers(&answer, "string_results")) {
        return Ok(Tree::Array(list).into());
    }
    let mut found = found(&answer);
    if found.len() == 1 {
        return series::alone(found.pop().unwrap_or_default());
    }
    Ok(Tree::Array(found.into_iter().map(series::item).collect()).into())
}
