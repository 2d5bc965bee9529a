//! What PagerDuty knows, and what it makes of one request.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::{Answer, FROM};

/// An incident.
#[derive(Debug, Clone)]
pub struct Incident {
    pub id: String,
    pub key: String,
    pub service: String,
    pub title: String,
    pub details: String,
    pub status: &'static str,
}

impl Incident {
    fn shown(&self) -> Value {
        json!({ "id": self.id, "type": "incident", "incident_key": self.key, "status": self.status, "title": self.title,
            "service": { "id": self.service, "type": "service_reference" } })
    }
}

pub(super) struct Books {
    pub(super) schedules: BTreeMap<String, Vec<Value>>,
    pub(super) services: Vec<(String, String, String)>,
    pub(super) incidents: Vec<Incident>,
}

impl Books {
    pub(super) fn new() -> Books {
        Books { schedules: BTreeMap::new(), services: Vec::new(), incidents: Vec::new() }
    }

    pub(super) fn answer(&mut self, asked: &Asked, complaints: &mut Vec<String>) -> Answer {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        match (asked.method.as_str(), path.as_slice()) {
            ("GET", ["schedules", id, "users"]) => self.on_call(asked, id, complaints),
            ("GET", ["schedules"]) => {
                asked.may_say(&["query", "limit", "offset"], complaints);
                let schedules = self.schedules.keys().map(|id| json!({ "id": id, "type": "schedule" }));
                paged(asked, "schedules", schedules.collect())
            }
            ("GET", ["users"]) => {
                asked.may_say(&["query", "limit", "offset"], complaints);
                paged(asked, "users", vec![json!({ "id": "PDAYPAS", "type": "user", "email": FROM })])
            }
            ("GET", ["services"]) => {
                asked.may_say(&["query", "limit", "offset"], complaints);
                let wanted = asked.one("query").unwrap_or_default().to_lowercase();
                let alike = self.services.iter().filter(|(_, name, _)| name.to_lowercase().contains(&wanted));
                let shown =
                    alike.map(|(id, name, status)| json!({ "id": id, "type": "service", "name": name, "status": status }));
                paged(asked, "services", shown.collect())
            }
            ("GET", ["incidents"]) => self.incidents(asked, complaints),
            ("POST", ["incidents"]) => self.opens(asked.body.as_ref().unwrap(), complaints),
            ("PUT", ["incidents", id]) => self.changes(id, asked.body.as_ref().unwrap(), complaints),
            (method, path) => {
                complaints.push(format!("{method} {path:?} is none of its calls"));
                Answer::not_found()
            }
        }
    }

    fn on_call(&self, asked: &Asked, schedule: &str, complaints: &mut Vec<String>) -> Answer {
        asked.may_say(&["since", "until"], complaints);
        let bound = |name: &str| asked.one(name).and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let (Some(since), Some(until)) = (bound("since"), bound("until")) else {
            complaints.push(format!("both bounds are needed, as ISO 8601: {:?}", asked.query));
            return Answer::no(400, 2001, "Invalid Input Provided", &["since and until are needed"]);
        };
        if since >= until || until.as_second() - since.as_second() > 60 {
            complaints.push(format!("who is on call from {since} until {until} is not who is on call now"));
        }
        match self.schedules.get(schedule) {
            Some(users) => Answer::new(200, json!({ "users": users })),
            None => Answer::not_found(),
        }
    }

    fn incidents(&self, asked: &Asked, complaints: &mut Vec<String>) -> Answer {
        asked.may_say(&["incident_key", "date_range", "statuses[]", "limit", "offset"], complaints);
        let statuses = asked.all("statuses[]");
        if statuses.iter().any(|status| !["triggered", "acknowledged", "resolved"].contains(status)) {
            complaints.push(format!("unknown statuses {statuses:?}"));
        }
        // As the real one does: without a key everybody's incidents are listed.
        let key = asked.one("incident_key").filter(|key| !key.is_empty());
        let fits = |incident: &&Incident| {
            key.is_none_or(|key| incident.key == key) && (statuses.is_empty() || statuses.contains(&incident.status))
        };
        paged(asked, "incidents", self.incidents.iter().filter(fits).map(Incident::shown).collect())
    }

    fn opens(&mut self, body: &Value, complaints: &mut Vec<String>) -> Answer {
        let incident = only(body, &["incident"], complaints)
            .get("incident")
            .map(|incident| only(incident, &["type", "title", "service", "incident_key", "urgency", "body"], complaints));
        let incident = incident.unwrap_or_default();
        let text =
            |fields: &Map<String, Value>, key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let within = |key: &str, known: &[&str], complaints: &mut Vec<String>| {
            only(incident.get(key).unwrap_or(&Value::Null), known, complaints)
        };
        let service = within("service", &["id", "type"], complaints);
        let details = within("body", &["type", "details"], complaints);
        let types = [text(&incident, "type"), text(&service, "type"), text(&details, "type")];
        let (title, key) = (text(&incident, "title"), text(&incident, "incident_key"));
        if types != ["incident", "service_reference", "incident_body"] || title.is_empty() || title.chars().count() > 1024 {
            complaints.push(format!("this is no incident: {body}"));
            return Answer::no(400, 2001, "Invalid Input Provided", &["this is no incident"]);
        }
        let service = text(&service, "id");
        match self.services.iter().find(|(id, ..)| *id == service) {
            None => return Answer::no(400, 2001, "Invalid Input Provided", &["Service Not Found"]),
            Some((.., status)) if status == "disabled" => {
                return Answer::no(400, 2002, "Arguments Caused Error", &["Service is disabled"]);
            }
            Some(_) => {}
        }
        if self.incidents.iter().any(|open| open.key == key && open.service == service && open.status != "resolved") {
            let why = "Open incident with matching dedup key already exists on this service";
            return Answer::no(400, 2002, "Arguments Caused Error", &[why]);
        }
        let id = format!("QINC{:03}", self.incidents.len() + 1);
        let incident = Incident { id, key, service, title, details: text(&details, "details"), status: "triggered" };
        let shown = json!({ "incident": incident.shown() });
        self.incidents.push(incident);
        Answer::new(201, shown)
    }

    fn changes(&mut self, id: &str, body: &Value, complaints: &mut Vec<String>) -> Answer {
        let incident = only(body, &["incident"], complaints).get("incident").cloned().unwrap_or_default();
        let fields = only(&incident, &["type", "status"], complaints);
        if incident != json!({ "type": "incident_reference", "status": "resolved" }) || fields.len() != 2 {
            complaints.push(format!("this resolves nothing: {body}"));
            return Answer::no(400, 2001, "Invalid Input Provided", &["this resolves nothing"]);
        }
        let Some(known) = self.incidents.iter_mut().find(|known| known.id == id) else { return Answer::not_found() };
        if known.status == "resolved" {
            return Answer::no(400, 2002, "Arguments Caused Error", &["Incident Already Resolved"]);
        }
        known.status = "resolved";
        Answer::new(200, json!({ "incident": known.shown() }))
    }
}

/// The fields of an object; those that nobody knows are complained of.
fn only(value: &Value, known: &[&str], complaints: &mut Vec<String>) -> Map<String, Value> {
    let fields = value.as_object().cloned().unwrap_or_default();
    let unknown: Vec<&String> = fields.keys().filter(|key| !known.contains(&key.as_str())).collect();
    if !unknown.is_empty() || !value.is_object() {
        complaints.push(format!("{value} should have {known:?} and nothing else"));
    }
    fields
}

/// One page of a list, as `limit` and `offset` say; 25 from the first on where they say nothing, and never more than 100.
fn paged(asked: &Asked, what: &str, items: Vec<Value>) -> Answer {
    let number = |name: &str, default: usize| asked.one(name).map_or(Some(default), |text| text.parse().ok());
    let (Some(limit), Some(offset)) = (number("limit", 25), number("offset", 0)) else {
        return Answer::no(400, 2001, "Invalid Input Provided", &["limit and offset are numbers"]);
    };
    if !(1..=100).contains(&limit) {
        return Answer::no(400, 2001, "Invalid Input Provided", &["limit is 1 to 100"]);
    }
    let more = items.len() > offset + limit;
    let page: Vec<Value> = items.into_iter().skip(offset).take(limit).collect();
    Answer::new(200, json!({ what: page, "limit": limit, "offset": offset, "more": more, "total": null }))
}
