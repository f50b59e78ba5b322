//! The thermal model: one component, one power plant, two chimneys, and their series.

use tonic::Status;

use super::{Builder, FIRST};
use crate::mesh::id::Id;
use crate::mesh::kind::{boolean, double, int, moment, text};
use crate::mesh::pb::curve::CurveType;
use crate::mesh::pb::model::{LinkRelationVersion, RatingCurveSegment, RatingCurveVersion};
use crate::mesh::pb::resolution::ResolutionType;
use crate::mesh::point::{MISSING, NOT_OK, Point};
use crate::mesh::series::good;
use crate::mesh::store::{Held, Kind, Shape, Store, entry};
use crate::mesh::time::timestamp;

/// 2016-01-01 01:00, the first hour that has a point.
const FIRST_HOUR_MS: i64 = 1_451_610_000_000;
const HOUR_MS: i64 = 3_600_000;
const CATALOG: &str = "SimpleThermalTestResourceCatalog";
const PLANT_EXPRESSION: &str =
    "@PDLOG(12004, 'TEST') \n##= @d('.DblAtt') + @t('.TsRawAtt') + @SUM(@D('PlantToPlantRef.DblAtt'))\n\n";

fn id(text: &str) -> Id {
    Id::parse(text).unwrap_or(Id::NIL)
}

fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap_or_default().as_millisecond()
}

/// Nine hours with values `step`, `2 * step`, ...; the fourth is bad.
fn hours(step: f64) -> Vec<Point> {
    let value = |number: i64| good(FIRST_HOUR_MS + (number - 1) * HOUR_MS, number as f64 * step);
    let bad = |point: Point| Point { flags: NOT_OK | MISSING, value: f64::NAN, ..point };
    (1..=9).map(|number| if number == 4 { bad(value(number)) } else { value(number) }).collect()
}

fn simple(default: Vec<crate::mesh::pb::model::AttributeValue>) -> Shape {
    Shape::Simple { default, lowest: None, highest: None, allowed: Vec::new() }
}

fn expression(text: &str) -> Shape {
    Shape::Series { template: text.to_owned() }
}

struct Classes {
    component: Id,
    plant: Id,
    chimney: Id,
}

/// Builds it all.
pub fn fill(store: &mut Store) {
    for unit in ["m", "cm", "MW", "m3/s"] {
        Builder::unit(store, unit);
    }
    let utility = Builder::namespace(store, "UtilityRepository");
    let mut build = Builder { store, space: utility };
    let element = build.class("UtilityElementType");
    build.first_level(FIRST, Some(element));
    let model = build.model("Utility");
    build.object(Id::named("utility element"), "UtilityElement1", element, model, FIRST);
    let space = Builder::namespace(build.store, "SimpleThermalTestRepository");
    let mut build = Builder { store: build.store, space };
    let classes = Classes {
        component: build.class("ThermalComponentType"),
        plant: build.class("PlantElementType"),
        chimney: build.class("ChimneyElementType"),
    };
    build.first_level(FIRST, Some(classes.component));
    build.field(
        classes.component,
        "ThermalPowerToPlantRef",
        Kind::Owner,
        Some(classes.plant),
        (0, 100_000),
        Shape::Relation,
    );
    chimney(&mut build, &classes);
    simple_attributes(&mut build, &classes);
    series_attributes(&mut build, &classes);
    relations(&mut build, &classes);
    resources(&mut build);
    objects(&mut build, &classes);
}

/// Seven attributes.
fn chimney(build: &mut Builder<'_>, classes: &Classes) {
    let of = classes.chimney;
    build.field(of, "BoolAtt", Kind::Bool, None, (1, 1), simple(vec![boolean(true)]));
    build.field(of, "DblAtt", Kind::Double, None, (1, 1), simple(vec![double(2000.0)]));
    build.field(of, "Int64Att", Kind::Int, None, (1, 1), simple(vec![int(32)]));
    build.field(of, "StringAtt", Kind::Text, None, (1, 1), simple(vec![text("Default chimney")]));
    build.field(of, "TsRawAtt", Kind::Series, None, (1, 1), expression(""));
    build.field(of, "TsCalcAtt", Kind::Series, None, (1, 1), expression("##= @t('.TsRawAtt') + 1000\n"));
    build.field(of, "ChimneyToChimneyRef", Kind::Owner, Some(of), (0, 100), Shape::Relation);
}

fn simple_attributes(build: &mut Builder<'_>, classes: &Classes) {
    let of = classes.plant;
    let start = at("2022-05-10T07:24:15Z");
    let singles = [
        ("DblAtt", Kind::Double, double(1000.0)),
        ("DblAtt2", Kind::Double, double(0.5)),
        ("Int64Att", Kind::Int, int(64)),
        ("Int64Att2", Kind::Int, int(-1)),
        ("BoolAtt", Kind::Bool, boolean(true)),
        ("BoolAtt2", Kind::Bool, boolean(false)),
        ("StringAtt", Kind::Text, text("Default string value")),
        ("StringAtt2", Kind::Text, text("H\u{f8}vringen")),
        ("UtcDateTimeAtt", Kind::Time, moment(start)),
    ];
    for (name, kind, default) in singles {
        build.field(of, name, kind, None, (1, 1), simple(vec![default]));
    }
    let lists = [
        ("DblArrayAtt", Kind::Double, vec![double(1.5), double(2.5)]),
        ("Int64ArrayAtt", Kind::Int, vec![int(1), int(2), int(3)]),
        ("StringArrayAtt", Kind::Text, vec![text("one"), text("two")]),
        ("UtcDateTimeArrayAtt", Kind::Time, vec![moment(start), moment(start + HOUR_MS)]),
        ("BoolArrayAtt", Kind::Bool, [false, true, false, true, false].map(boolean).to_vec()),
    ];
    for (name, kind, default) in lists {
        build.field(of, name, kind, None, (0, 10), simple(default));
    }
    let list = Id::named(&format!("definition {of} BoolArrayAtt"));
    if let Some(field) = entry(&mut build.store.fields, &list) {
        field.description = "Array of bools".to_owned();
    }
    let tags = vec![build.tag("Tag1"), build.tag("Tag3")];
    build.tag("Tag2");
    if let Some(kind) = entry(&mut build.store.traits, &Id::named(&format!("type {} DblAtt", build.space))) {
        kind.tags = tags;
    }
}

fn series_attributes(build: &mut Builder<'_>, classes: &Classes) {
    let templates = [
        ("TsRawAtt", ""),
        ("TsRawAtt2", ""),
        ("VtsAtt", ""),
        ("TsCalcAtt", PLANT_EXPRESSION),
        ("TsCalcAtt2", "##= @SUM(@T('ReferenceSeriesCollectionAtt.TsRawAtt'))\n\n"),
        ("TsCalcAtt3", "##= @t('.TsRawAtt') * 2\n"),
        (
            "TsCalcAtt4",
            "temp=@t('.TsRawAtt')\ngt2 = @ABS(temp) > 2\n## = temp - 1000\nIF (gt2) THEN\n## = temp + 1000\nENDIF\n",
        ),
        ("TsCalcAtt5", "## = @TRANSFORM(@t('.TsRawAtt'), 'MIN15', 'AVG', 'UTC')\n"),
        ("TsCalcAtt6", "## = @TS('DAY', 12)\n"),
        ("TsCalcAtt7", "##=@Restriction('ProductionMin[MW]', 'Proposed|Recommended', @t('.TsRawAtt'), 'Minimum')\n"),
        ("TsCalcAtt8", "##= @t('.VtsAtt') / 2\n"),
    ];
    for (name, template) in templates {
        build.field(classes.plant, name, Kind::Series, None, (1, 1), expression(template));
    }
    let axes = || [None, None, None];
    build.field(classes.plant, "XYSetAtt", Kind::Xy, None, (1, 1), Shape::Xy { versioned: false, axes: axes() });
    build.field(classes.plant, "XYZSeriesAtt", Kind::Xy, None, (1, 1), Shape::Xy { versioned: true, axes: axes() });
    build.field(classes.plant, "RatingCurveAtt", Kind::Rating, None, (1, 1), Shape::Rating);
}

fn relations(build: &mut Builder<'_>, classes: &Classes) {
    let (of, chimney) = (classes.plant, Some(classes.chimney));
    let all = [
        ("PlantToChimneyRef", Kind::Owner, chimney, (0, 100)),
        ("SimpleOwnershipAtt", Kind::Owner, chimney, (1, 1)),
        ("SimpleReference", Kind::Link, chimney, (1, 1)),
        ("PlantToChimneyRefCollection", Kind::Link, chimney, (0, 100)),
        ("PlantToPlantRef", Kind::Link, Some(of), (0, 100)),
        ("ReferenceSeriesAtt", Kind::VersionedLink, chimney, (1, 1)),
        ("ReferenceSeriesCollectionAtt", Kind::VersionedLink, chimney, (0, 10)),
    ];
    for (name, kind, target, counts) in all {
        build.field(of, name, kind, target, counts, Shape::Relation);
    }
}

fn resources(build: &mut Builder<'_>) {
    build.series(0, CATALOG, "plantTimeSeriesRaw", ResolutionType::Hour, hours(1.0));
    build.series(2, CATALOG, "chimney1TimeSeriesRaw", ResolutionType::Hour, hours(10.0));
    build.series(3, CATALOG, "chimney2TimeSeriesRaw", ResolutionType::Hour, hours(100.0));
    let virtual_one = build.series(4, CATALOG, "simpleVtsTimeseries", ResolutionType::Hour, Vec::new());
    if let Some(series) = entry(&mut build.store.series, &virtual_one) {
        series.unit = None;
        series.expression = format!("##= %'/{CATALOG}/plantTimeSeriesRaw' + 3\n");
    }
    build.series(9, CATALOG, "emptyTimeSeries", ResolutionType::Breakpoint, Vec::new());
    let points = [("2016-01-01T00:30:00Z", 1.0), ("2016-01-01T02:45:00Z", 2.0), ("2016-01-01T08:10:00Z", 3.0)];
    let points = points.map(|(text, value)| good(at(text), value)).to_vec();
    let steps = build.series(10, CATALOG, "stepTimeSeries", ResolutionType::Breakpoint, points);
    if let Some(series) = entry(&mut build.store.series, &steps) {
        series.curve = CurveType::Staircasestartofstep as i32;
    }
    // Days of Oslo, over the night in which the clock went forward.
    let days = ["2016-03-25T23:00:00Z", "2016-03-26T23:00:00Z", "2016-03-27T22:00:00Z"];
    let days = days.iter().zip(1..).map(|(text, value)| good(at(text), f64::from(value))).collect();
    let zoned = build.series(50, CATALOG, "zonedTimeSeries", ResolutionType::Day, days);
    if let Some(series) = entry(&mut build.store.series, &zoned) {
        series.curve = CurveType::Staircase as i32;
        series.time_zone = Some("Europe/Oslo".to_owned());
    }
}

fn raw(name: &str) -> Held {
    Held::Series { resource: Some(Id::named(&format!("series {CATALOG}/{name}"))), local: None }
}

fn objects(build: &mut Builder<'_>, classes: &Classes) {
    let model = build.model("SimpleThermalTestModel");
    let component = id("0000000B-0001-0000-0000-000000000000");
    build.object(component, "ThermalComponent", classes.component, model, FIRST);
    let plant = id("0000000A-0001-0000-0000-000000000000");
    build.object(plant, "SomePowerPlant1", classes.plant, component, "ThermalPowerToPlantRef");
    let one = id("0000000A-0004-0000-0000-000000000000");
    let two = id("0000000A-0005-0000-0000-000000000000");
    build.object(one, "SomePowerPlantChimney1", classes.chimney, plant, "PlantToChimneyRef");
    build.object(two, "SomePowerPlantChimney2", classes.chimney, plant, "PlantToChimneyRef");
    build.hold(one, "TsRawAtt", raw("chimney1TimeSeriesRaw"));
    build.hold(two, "TsRawAtt", raw("chimney2TimeSeriesRaw"));
    build.hold(plant, "TsRawAtt", raw("plantTimeSeriesRaw"));
    build.hold(plant, "VtsAtt", raw("simpleVtsTimeseries"));
    build.hold(plant, "TsCalcAtt", Held::Series { resource: None, local: Some(PLANT_EXPRESSION.to_owned()) });
    build.hold(plant, "SimpleReference", Held::Links(vec![two]));
    build.hold(plant, "PlantToChimneyRefCollection", Held::Links(vec![one, two]));
    let version = |text: &str, target: Id| LinkRelationVersion {
        target_object_id: Some(target.guid()),
        valid_from_time: Some(timestamp(at(text))),
    };
    let versions = vec![
        version("2005-03-02T00:00:00Z", two),
        version("2015-06-03T00:00:00Z", one),
        version("2017-02-01T00:00:00Z", two),
    ];
    build.hold(plant, "ReferenceSeriesAtt", Held::Versions(vec![versions]));
    let lists = vec![vec![version("2020-07-08T00:00:00Z", one)], vec![version("2000-01-05T00:00:00Z", two)]];
    build.hold(plant, "ReferenceSeriesCollectionAtt", Held::Versions(lists));
    let curve = |text: &str, x_range_from: f64, first: f64, sign: f64| RatingCurveVersion {
        from: Some(timestamp(at(text))),
        x_range_from,
        x_value_segments: (0..3)
            .map(f64::from)
            .map(|number| RatingCurveSegment {
                x_range_until: first + number * 10.0,
                factor_a: sign * (number * 3.0 + 1.0),
                factor_b: sign * (number * 3.0 + 2.0),
                factor_c: sign * (number * 3.0 + 3.0),
            })
            .collect(),
    };
    let curves = vec![curve("2000-01-01T00:00:00Z", 2.0, 10.0, 1.0), curve("2010-01-01T00:00:00Z", 4.0, 20.0, -1.0)];
    build.hold(plant, "RatingCurveAtt", Held::Rating(curves));
}

/// Adds chimneys to the plant, each with a series of hours from 2020 on.
pub fn chimneys(store: &mut Store, count: usize, points: usize) -> Result<(), Status> {
    let plant = id("0000000A-0001-0000-0000-000000000000");
    let class = store.classes.iter().find(|(_, class)| class.name == "ChimneyElementType").map(|(id, _)| *id);
    let class = class.ok_or_else(|| Status::not_found("there is no chimney to make more of"))?;
    let start = at("2020-01-01T00:00:00Z");
    let mut build = Builder { space: Id::NIL, store };
    for number in 0..count {
        let name = format!("Chimney{number:05}");
        let values =
            (0..points as i64).map(|hour| good(start + hour * HOUR_MS, (hour % 97) as f64 + number as f64 / 8.0));
        let key = 100_000 + i64::try_from(number).unwrap_or_default();
        let series = build.series(key, CATALOG, &name, ResolutionType::Hour, values.collect());
        let chimney = Id::named(&format!("chimney {number}"));
        if build.store.objects.contains_key(&chimney) {
            continue;
        }
        build.object(chimney, &name, class, plant, "PlantToChimneyRef");
        build.hold(chimney, "TsRawAtt", Held::Series { resource: Some(series), local: None });
    }
    Ok(())
}
