//! The eleven kinds of attributes: their numbers, the names of their definitions, and which values they take
//! (section 4.4).

use super::pb::definition::AttributeValueType;
use super::pb::model::AttributeValue;
use super::pb::model::attribute_value::ValueOneof;
use super::store::Kind;

impl Kind {
    /// Its number.
    pub fn number(self) -> i32 {
        let kind = match self {
            Self::Int => AttributeValueType::Int,
            Self::Double => AttributeValueType::Double,
            Self::Bool => AttributeValueType::Bool,
            Self::Text => AttributeValueType::String,
            Self::Time => AttributeValueType::UtcTime,
            Self::Series => AttributeValueType::Timeseries,
            Self::Owner => AttributeValueType::OwnershipRelation,
            Self::Link => AttributeValueType::LinkRelation,
            Self::VersionedLink => AttributeValueType::VersionedLinkRelation,
            Self::Rating => AttributeValueType::RatingCurve,
            Self::Xy => AttributeValueType::XySet,
        };
        kind as i32
    }

    /// The kind of a number from 1 to 5.
    pub fn simple(number: i32) -> Option<Self> {
        [Self::Int, Self::Double, Self::Bool, Self::Text, Self::Time].into_iter().find(|kind| kind.number() == number)
    }

    /// What its definitions are called.
    pub fn definition_name(self, collection: bool, versioned: bool) -> &'static str {
        match (self, collection) {
            (Self::Int, false) => "Int64AttributeDefinition",
            (Self::Int, true) => "Int64ArrayAttributeDefinition",
            (Self::Double, false) => "DoubleAttributeDefinition",
            (Self::Double, true) => "DoubleArrayAttributeDefinition",
            (Self::Bool, false) => "BooleanAttributeDefinition",
            (Self::Bool, true) => "BooleanArrayAttributeDefinition",
            (Self::Text, false) => "StringAttributeDefinition",
            (Self::Text, true) => "StringArrayAttributeDefinition",
            (Self::Time, false) => "UtcDateTimeAttributeDefinition",
            (Self::Time, true) => "UtcDateTimeArrayAttributeDefinition",
            (Self::Series, false) => "TimeseriesAttributeDefinition",
            (Self::Series, true) => "TimeseriesCollectionAttributeDefinition",
            (Self::Owner, false) => "ElementAttributeDefinition",
            (Self::Owner, true) => "ElementCollectionAttributeDefinition",
            (Self::Link, false) => "ReferenceAttributeDefinition",
            (Self::Link, true) => "ReferenceCollectionAttributeDefinition",
            (Self::VersionedLink, false) => "ReferenceSeriesAttributeDefinition",
            (Self::VersionedLink, true) => "ReferenceSeriesCollectionAttributeDefinition",
            (Self::Rating, _) => "RatingCurveAttributeDefinition",
            (Self::Xy, _) if versioned => "XYZSeriesAttributeDefinition",
            (Self::Xy, _) => "XYSetAttributeDefinition",
        }
    }

    /// A value of it, made from what was sent; nothing if it does not fit. An integer fits a double: the official
    /// client's own tests send one.
    pub fn fit(self, value: &AttributeValue) -> Option<AttributeValue> {
        let fitting = match (self, value.value_oneof.as_ref()?) {
            (Self::Double, ValueOneof::IntValue(number)) => ValueOneof::DoubleValue(*number as f64),
            (Self::Int, value @ ValueOneof::IntValue(_))
            | (Self::Double, value @ ValueOneof::DoubleValue(_))
            | (Self::Bool, value @ ValueOneof::BooleanValue(_))
            | (Self::Text, value @ ValueOneof::StringValue(_))
            | (Self::Time, value @ ValueOneof::UtcTimeValue(_)) => value.clone(),
            _ => return None,
        };
        Some(AttributeValue { value_oneof: Some(fitting) })
    }
}

/// An integer.
pub fn int(value: i64) -> AttributeValue {
    AttributeValue { value_oneof: Some(ValueOneof::IntValue(value)) }
}

/// A double.
pub fn double(value: f64) -> AttributeValue {
    AttributeValue { value_oneof: Some(ValueOneof::DoubleValue(value)) }
}

/// A boolean.
pub fn boolean(value: bool) -> AttributeValue {
    AttributeValue { value_oneof: Some(ValueOneof::BooleanValue(value)) }
}

/// A text.
pub fn text(value: &str) -> AttributeValue {
    AttributeValue { value_oneof: Some(ValueOneof::StringValue(value.to_owned())) }
}

/// A moment, in milliseconds.
pub fn moment(ms: i64) -> AttributeValue {
    AttributeValue { value_oneof: Some(ValueOneof::UtcTimeValue(super::time::timestamp(ms))) }
}
