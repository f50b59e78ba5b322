//! Errors as the server words them: an object with `exception`, `content` and `error_code`.

use serde_json::{Value, json};

/// Why a whole request was refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Name of the exception; clients tell errors apart by it.
    pub exception: String,
    /// What happened.
    pub content: String,
    /// A code for programs, where there is one.
    pub error_code: Option<String>,
    /// Position of the operation that failed.
    pub index: Option<usize>,
}

impl Refusal {
    /// A refusal of that name.
    pub fn new(exception: &str, content: impl Into<String>) -> Self {
        Self { exception: exception.to_owned(), content: content.into(), error_code: None, index: None }
    }

    /// A value, attribute or type that cannot be.
    pub fn validation(content: impl Into<String>) -> Self {
        Self::new("ValidationError", content)
    }

    /// A query that cannot be read.
    pub fn parse(content: impl Into<String>) -> Self {
        Self::new("ParseError", content)
    }

    /// An entity that is not there.
    pub fn missing(entity_type: &str, key: &str) -> Self {
        Self::new("NotFoundError", format!("Entity of type {entity_type} with key {key} was not found."))
    }

    /// Wrong or absent credentials.
    pub fn credentials(content: &str) -> Self {
        let mut refusal = Self::new("InvalidCredentialsError", content);
        refusal.error_code = Some("api_credentials_invalid".to_owned());
        refusal
    }

    /// The HTTP status in strict mode.
    pub fn status(&self) -> u16 {
        match self.exception.as_str() {
            "InvalidCredentialsError" | "FTAuthenticationError" => 401,
            "PermissionError" => 403,
            "NotFoundError" => 404,
            "DuplicateEntryError" | "IntegrityError" => 409,
            "ParseError" => 400,
            "ValidationError" => 422,
            _ => 500,
        }
    }

    /// The body.
    pub fn to_json(&self) -> Value {
        let mut body = json!({"exception": self.exception, "content": self.content, "error_code": self.error_code});
        if let Some(index) = self.index {
            body["error"] = json!({ "index": index });
        }
        body
    }
}
