//! Carrying out expressions. Arithmetic with missing values follows section 5.4.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use tonic::Status;

use super::parse::{Expression, Statement, parse};
use super::resample::transform;
use crate::mesh::grid::Grid;
use crate::mesh::id::Id;
use crate::mesh::path::Place;
use crate::mesh::pb::model::attribute_value::ValueOneof;
use crate::mesh::pb::resolution::ResolutionType;
use crate::mesh::pb::time_series::TransformationMethod as Method;
use crate::mesh::point::{MISSING, NOT_OK, OK, Point, SUSPECT};
use crate::mesh::read::{self, Reading};
use crate::mesh::search;
use crate::mesh::store::{Held, Shape, Store};

/// A series that needs itself is not to end the server.
const DEPTH_MAX: usize = 24;

/// What an expression gives.
#[derive(Clone, Debug)]
pub enum Value {
    Series(Reading),
    Many(Vec<Reading>),
    Number(f64),
    Numbers(Vec<f64>),
    Text(String),
}

/// Where an expression is carried out.
#[derive(Clone)]
pub struct Scope<'a> {
    store: &'a Store,
    place: Place,
    start: i64,
    end: i64,
    now_ms: i64,
    zone: &'a str,
    depth: usize,
}

fn wrong(why: impl Into<String>) -> Status {
    Status::invalid_argument(format!("the calculation failed: {}", why.into()))
}

impl<'a> Scope<'a> {
    /// Relative to a place, in `[start, end)`.
    pub fn new(store: &'a Store, place: Place, start: i64, end: i64, now_ms: i64, zone: &'a str) -> Self {
        Self { store, place, start, end, now_ms, zone, depth: 0 }
    }

    /// Carries out a whole expression.
    pub fn run(&self, text: &str) -> Result<Value, Status> {
        if self.depth > DEPTH_MAX {
            return Err(wrong("it needs itself"));
        }
        let mut names = HashMap::new();
        self.block(&parse(text)?, &mut names)?;
        names.remove("##").ok_or_else(|| wrong("it assigns nothing to ##"))
    }

    /// The points of a series, an attribute or what else has points.
    pub fn read(&self, place: Place) -> Result<Reading, Status> {
        match place {
            Place::Series(id) => self.series(id),
            Place::Attribute(id) => {
                let (_, _, attribute) =
                    self.store.attribute(id).ok_or_else(|| Status::not_found(format!("attribute not found: {id}")))?;
                let Held::Series { resource, local } = &attribute.held else {
                    return Err(Status::invalid_argument("Invalid type: it is not a time series attribute"));
                };
                if let Some(series) = resource {
                    return self.series(*series);
                }
                let template = match self.store.fields.get(&attribute.field).map(|field| &field.shape) {
                    Some(Shape::Series { template }) => template.as_str(),
                    _ => "",
                };
                let text = local.as_deref().unwrap_or(template);
                if text.trim().is_empty() {
                    return Ok(Reading { resolution: ResolutionType::Breakpoint as i32, ..Reading::default() });
                }
                self.expression(place, text)
            }
            _ => Err(Status::invalid_argument("invalid type: it has no points")),
        }
    }

    fn series(&self, id: Id) -> Result<Reading, Status> {
        let none = || Status::not_found(format!("time series not found: {id}"));
        let series = self.store.series.get(&id).ok_or_else(none)?;
        if !series.committed {
            return Err(Status::failed_precondition("time series not found: it has to be committed first"));
        }
        if series.expression.is_empty() {
            return Ok(read::physical(series, self.start, self.end));
        }
        let mut reading = self.expression(Place::Series(id), &series.expression)?;
        reading.curve = series.curve;
        Ok(reading)
    }

    fn expression(&self, place: Place, text: &str) -> Result<Reading, Status> {
        let inner = Scope { place, depth: self.depth + 1, ..self.clone() };
        match inner.run(text)? {
            Value::Series(reading) => Ok(reading),
            Value::Number(number) => {
                Ok(read::constant(ResolutionType::Breakpoint as i32, self.start, self.end, number))
            }
            _ => Err(wrong("the result is not one time series")),
        }
    }

    fn block(&self, all: &[Statement], names: &mut HashMap<String, Value>) -> Result<(), Status> {
        for statement in all {
            match statement {
                Statement::Assign(name, value) => {
                    let value = self.value(value, names)?;
                    names.insert(name.clone(), value);
                }
                Statement::Run(value) => drop(self.value(value, names)?),
                Statement::If(test, yes, no) => match self.value(test, names)? {
                    Value::Number(truth) => self.block(if truth == 0.0 || truth.is_nan() { no } else { yes }, names)?,
                    Value::Series(test) => {
                        let (mut left, mut right) = (names.clone(), names.clone());
                        self.block(yes, &mut left)?;
                        self.block(no, &mut right)?;
                        for (name, left) in left {
                            let merged = match (left, right.remove(&name)) {
                                (Value::Series(left), Some(Value::Series(right))) => {
                                    Value::Series(choose(&test, &left, &right))
                                }
                                (left, _) => left,
                            };
                            names.insert(name, merged);
                        }
                    }
                    _ => return Err(wrong("the condition is neither a number nor a series")),
                },
            }
        }
        Ok(())
    }

    fn value(&self, expression: &Expression, names: &HashMap<String, Value>) -> Result<Value, Status> {
        match expression {
            Expression::Number(number) => Ok(Value::Number(*number)),
            Expression::Text(text) => Ok(Value::Text(text.clone())),
            Expression::Variable(name) => names.get(name).cloned().ok_or_else(|| wrong(format!("{name} is not known"))),
            Expression::Resource(path) => {
                let path = format!("Resource/{}", path.trim_start_matches('/'));
                let found = self.store.series.iter().find(|(_, series)| series.path == path);
                let (id, _) = found.ok_or_else(|| wrong(format!("there is no series {path}")))?;
                Scope { depth: self.depth + 1, ..self.clone() }.series(*id).map(Value::Series)
            }
            Expression::Negate(inner) => binary("-", Value::Number(0.0), self.value(inner, names)?),
            Expression::Binary(sign, left, right) => binary(sign, self.value(left, names)?, self.value(right, names)?),
            Expression::Call(name, given) => self.function(name, given, names),
        }
    }

    fn function(&self, name: &str, given: &[Expression], names: &HashMap<String, Value>) -> Result<Value, Status> {
        if name == "TRANSFORM" {
            return self.transform(given, names);
        }
        let given = given.iter().map(|one| self.value(one, names)).collect::<Result<Vec<_>, _>>()?;
        let text = |at: usize| match given.get(at) {
            Some(Value::Text(text)) => Ok(text.as_str()),
            // `@t()` is the place itself, as `@t('')` is.
            None if at == 0 => Ok(""),
            _ => Err(wrong(format!("argument {} of @{name} must be a text", at + 1))),
        };
        let reading = |at: usize| match given.get(at) {
            Some(Value::Series(reading)) => Ok(reading),
            _ => Err(wrong(format!("argument {} of @{name} must be a time series", at + 1))),
        };
        let number = |at: usize| match given.get(at) {
            Some(Value::Number(number)) => Ok(*number),
            _ => Err(wrong(format!("argument {} of @{name} must be a number", at + 1))),
        };
        match name {
            "t" => {
                let found = self.targets(text(0)?)?;
                match found.as_slice() {
                    [one] => self.read(*one).map(Value::Series),
                    all => Err(wrong(format!("{} time series were found for {:?}, not one", all.len(), text(0)?))),
                }
            }
            "T" => {
                self.targets(text(0)?)?.into_iter().map(|one| self.read(one)).collect::<Result<_, _>>().map(Value::Many)
            }
            "d" => Ok(Value::Number(self.numbers(text(0)?)?.first().copied().unwrap_or(f64::NAN))),
            "D" => self.numbers(text(0)?).map(Value::Numbers),
            "PDLOG" => Ok(Value::Number(0.0)),
            "TS" => {
                let resolution =
                    ResolutionType::from_str_name(text(0)?).ok_or_else(|| wrong("there is no such resolution"))?;
                Ok(Value::Series(read::constant(resolution as i32, self.start, self.end, number(1)?)))
            }
            "ABS" => each(given.first(), f64::abs),
            "SUM" | "MIN" | "MAX" | "AVG" => aggregate(name, given),
            // There is neither a history nor a forecast in memory.
            "GetTsHistoricalVersions" | "GetAllForecasts" => reading(0).map(|_| Value::Many(Vec::new())),
            "GetTsAsOfTime" => reading(0).cloned().map(Value::Series),
            "GetForecast" => {
                let of = reading(0)?;
                Ok(Value::Series(Reading { points: Vec::new(), ..of.clone() }))
            }
            "Restriction" => reading(2).cloned().map(Value::Series),
            _ => Err(wrong(format!("there is no function @{name}"))),
        }
    }

    fn transform(&self, given: &[Expression], names: &HashMap<String, Value>) -> Result<Value, Status> {
        let text = |at: usize| match given.get(at) {
            Some(Expression::Text(text)) => Ok(text.as_str()),
            _ => Err(wrong(format!("argument {} of @TRANSFORM must be a text", at + 1))),
        };
        let resolution = ResolutionType::from_str_name(text(1)?).ok_or_else(|| wrong("there is no such resolution"))?;
        let method = Method::from_str_name(text(2)?).ok_or_else(|| wrong("there is no such method"))?;
        let zone = if given.len() > 3 { Some(text(3)?) } else { None };
        let zone = zone_of(zone.unwrap_or("UTC"), self.zone).ok_or_else(|| wrong("there is no such time zone"))?;
        let grid = Grid::new(resolution as i32, zone).ok_or_else(|| wrong("the resolution has no steps"))?;
        // The points of the first and the last step, also those outside the interval.
        let inner = Scope { start: grid.floor(self.start), end: grid.ceil(self.end), ..self.clone() };
        let source = given.first().ok_or_else(|| wrong("@TRANSFORM needs a time series"))?;
        let Value::Series(source) = inner.value(source, names)? else {
            return Err(wrong("@TRANSFORM needs a time series"));
        };
        Ok(Value::Series(transform(&source, &grid, resolution as i32, method, self.start, self.end)))
    }

    /// Where a reference leads: empty is the place itself.
    fn targets(&self, text: &str) -> Result<Vec<Place>, Status> {
        if text.is_empty() {
            return Ok(vec![self.place]);
        }
        let start = match self.place {
            Place::Object(id) => id,
            Place::Attribute(id) => {
                self.store.attribute(id).map(|(owner, ..)| owner).ok_or_else(|| wrong("no owner"))?
            }
            _ => return Err(wrong("a search needs an object or an attribute to begin from")),
        };
        let search = search::read(text)?;
        let found = search.attributes(self.store, start, self.now_ms).into_iter();
        Ok(found.map(Place::Attribute).collect())
    }

    fn numbers(&self, text: &str) -> Result<Vec<f64>, Status> {
        let mut all = Vec::new();
        for place in self.targets(text)? {
            let Place::Attribute(id) = place else { return Err(wrong("it is not an attribute")) };
            if let Some((_, _, attribute)) = self.store.attribute(id)
                && let Held::Simple(values) = &attribute.held
            {
                all.extend(values.iter().filter_map(|value| match value.value_oneof {
                    Some(ValueOneof::DoubleValue(number)) => Some(number),
                    Some(ValueOneof::IntValue(number)) => Some(number as f64),
                    _ => None,
                }));
            }
        }
        Ok(all)
    }
}

/// The zone that a transformation names; `LOCAL` is the server's, `STANDARD` the same without summer time.
pub fn zone_of(name: &str, local: &str) -> Option<TimeZone> {
    let zone = TimeZone::get(local).ok()?;
    match name {
        "UTC" => Some(TimeZone::UTC),
        "LOCAL" => Some(zone),
        "STANDARD" => {
            // Summer time is never on in January north of the equator, and in July south of it: the lesser offset is it.
            let offset = |text: &str| Some(zone.to_offset(text.parse().ok()?));
            let least = offset("2020-01-15T00:00:00Z")?.min(offset("2020-07-15T00:00:00Z")?);
            Some(TimeZone::fixed(least))
        }
        _ => None,
    }
}

fn each(value: Option<&Value>, work: impl Fn(f64) -> f64) -> Result<Value, Status> {
    match value {
        Some(Value::Number(number)) => Ok(Value::Number(work(*number))),
        Some(Value::Series(reading)) => {
            let mut reading = reading.clone();
            reading.points.iter_mut().for_each(|point| point.value = work(point.value));
            Ok(Value::Series(reading))
        }
        _ => Err(wrong("a number or a time series is needed")),
    }
}

/// One number from numbers or from one series, one series from many.
fn aggregate(name: &str, given: Vec<Value>) -> Result<Value, Status> {
    let reduce = |values: &[f64]| -> f64 {
        let good: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        if good.is_empty() {
            return f64::NAN;
        }
        match name {
            "SUM" => good.iter().sum(),
            "MIN" => good.iter().copied().fold(f64::INFINITY, f64::min),
            "MAX" => good.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            _ => good.iter().sum::<f64>() / good.len() as f64,
        }
    };
    match given.into_iter().next() {
        Some(Value::Number(number)) => Ok(Value::Number(number)),
        Some(Value::Numbers(numbers)) => Ok(Value::Number(reduce(&numbers))),
        Some(Value::Series(reading)) => {
            let values: Vec<f64> = reading.points.iter().map(|point| point.value).collect();
            Ok(Value::Number(reduce(&values)))
        }
        Some(Value::Many(readings)) => {
            let count = readings.len() as f64;
            let mut all = readings.into_iter();
            let none = Reading { resolution: ResolutionType::Breakpoint as i32, ..Reading::default() };
            let first = all.next().unwrap_or(none);
            let work = |a: Point, b: Point| match name {
                "MIN" if b.value < a.value => b,
                "MAX" if b.value > a.value => b,
                "MIN" | "MAX" => a,
                _ => arithmetic("+", a, b),
            };
            let mut out = all.fold(first, |sum, next| combine(&sum, &next, work));
            if name == "AVG" {
                out.points.iter_mut().for_each(|point| point.value /= count);
            }
            Ok(Value::Series(out))
        }
        _ => Err(wrong(format!("@{name} needs numbers or time series"))),
    }
}

fn point(number: f64) -> Point {
    if number.is_nan() { Point::hole(0) } else { Point { at: 0, flags: OK, value: number } }
}

fn binary(sign: &str, left: Value, right: Value) -> Result<Value, Status> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            Ok(Value::Number(arithmetic(sign, point(left), point(right)).value))
        }
        (Value::Series(mut left), Value::Number(right)) => {
            left.points.iter_mut().for_each(|at| *at = Point { at: at.at, ..arithmetic(sign, *at, point(right)) });
            Ok(Value::Series(left))
        }
        (Value::Number(left), Value::Series(mut right)) => {
            right.points.iter_mut().for_each(|at| *at = Point { at: at.at, ..arithmetic(sign, point(left), *at) });
            Ok(Value::Series(right))
        }
        (Value::Series(left), Value::Series(right)) => {
            Ok(Value::Series(combine(&left, &right, |left, right| arithmetic(sign, left, right))))
        }
        _ => Err(wrong(format!("{sign} needs numbers or time series"))),
    }
}

/// Two series point by point, on the moments of both.
fn combine(left: &Reading, right: &Reading, work: impl Fn(Point, Point) -> Point) -> Reading {
    let finer = match (left.grid(), right.grid()) {
        (Some(one), Some(other)) if other.rough() < one.rough() => right,
        (None, Some(_)) => right,
        _ => left,
    };
    let mut moments: Vec<i64> = left.points.iter().chain(&right.points).map(|point| point.at).collect();
    moments.sort_unstable();
    moments.dedup();
    let points = moments.into_iter().map(|at| Point { at, ..work(left.sample(at), right.sample(at)) }).collect();
    Reading {
        points,
        ..Reading { resolution: finer.resolution, curve: finer.curve, zone: finer.zone.clone(), points: Vec::new() }
    }
}

fn choose(test: &Reading, yes: &Reading, no: &Reading) -> Reading {
    let pick = |point: &Point| {
        let truth = test.sample(point.at).value;
        if truth == 0.0 || truth.is_nan() { no.sample(point.at) } else { yes.sample(point.at) }
    };
    Reading { points: yes.points.iter().map(pick).collect(), ..yes.clone() }
}

fn arithmetic(sign: &str, left: Point, right: Point) -> Point {
    let at = left.at;
    let (a, b) = (left.value, right.value);
    let flags = left.flags | right.flags;
    let truth = |truth: bool| Point { at, flags, value: f64::from(u8::from(truth)) };
    let hole = |flags| Point { at, flags, value: f64::NAN };
    match sign {
        "+" | "-" => match (a.is_nan(), b.is_nan()) {
            (false, false) => Point { at, flags, value: if sign == "+" { a + b } else { a - b } },
            (false, true) => Point { at, flags: left.flags | SUSPECT, value: a },
            (true, false) => Point { at, flags: right.flags | SUSPECT, value: if sign == "+" { b } else { -b } },
            (true, true) => hole(SUSPECT | MISSING),
        },
        "*" if a.is_nan() || b.is_nan() => hole(SUSPECT | MISSING),
        "*" => Point { at, flags, value: a * b },
        "/" if a.is_nan() || b.is_nan() || b == 0.0 => hole(NOT_OK | MISSING),
        "/" => Point { at, flags, value: a / b },
        "<" => truth(a < b),
        ">" => truth(a > b),
        "<=" => truth(a <= b),
        ">=" => truth(a >= b),
        "=" | "==" => truth(a == b),
        "&&" => truth(a != 0.0 && b != 0.0),
        "||" => truth(a != 0.0 || b != 0.0),
        _ => truth(a != b),
    }
}
