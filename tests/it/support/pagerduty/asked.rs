//! One request, and what about it holds for all of them: headers, and that nothing is there that is not known.

use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

use super::{Answer, FROM};

pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    headers: hyper::HeaderMap,
}

impl Asked {
    pub(super) fn new(parts: &Parts, body: &Bytes) -> Asked {
        let decode = |segment: &str| {
            form_urlencoded::parse(format!("x={}", segment.replace('+', "%2B")).as_bytes()).next().unwrap().1.into_owned()
        };
        Asked {
            method: parts.method.to_string(),
            path: parts.uri.path().split('/').skip(1).map(decode).collect(),
            query: form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
            body: (!body.is_empty()).then(|| serde_json::from_slice(body).unwrap_or(Value::Null)),
            headers: parts.headers.clone(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a parameter that may be given once.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that may be given several times.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The answer where the request is refused before anybody looks at what it is about.
    pub(super) fn refused(&self, token: &str, complaints: &mut Vec<String>) -> Option<Answer> {
        if self.header("accept") != Some("application/vnd.pagerduty+json;version=2") {
            complaints.push(format!("{} {:?}: it does not accept version 2", self.method, self.path));
        }
        if self.header("authorization") != Some(&format!("Token token={token}")) {
            return Some(Answer::no(401, 2006, "Invalid credentials", &[]));
        }
        if self.method == "GET" {
            if self.body.is_some() || self.header("from").is_some() {
                complaints.push(format!("GET {:?}: with a body, or in somebody's name", self.path));
            }
            return None;
        }
        if self.header("content-type") != Some("application/json") || self.body.is_none() {
            complaints.push(format!("{} {:?}: no JSON", self.method, self.path));
            return Some(Answer::no(400, 2001, "Invalid Input Provided", &["not JSON"]));
        }
        match self.header("from") {
            Some(FROM) => None,
            Some(_) => Some(Answer::no(400, 2001, "Invalid Input Provided", &["Requester User Not Found"])),
            None => {
                complaints.push(format!("{} {:?}: no From", self.method, self.path));
                Some(Answer::no(400, 2001, "Invalid Input Provided", &["From is required"]))
            }
        }
    }

    /// Complains of parameters that this call does not have, and of such that are given twice.
    pub(super) fn may_say(&self, known: &[&str], complaints: &mut Vec<String>) {
        for (number, (key, _)) in self.query.iter().enumerate() {
            let is_twice = !key.ends_with("[]") && self.query.iter().skip(number + 1).any(|(other, _)| other == key);
            if !known.contains(&key.as_str()) || is_twice {
                complaints.push(format!("{} {:?}: `{key}` is unknown or there twice", self.method, self.path));
            }
        }
    }
}
