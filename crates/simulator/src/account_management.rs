//! account:GetContactInformation: a service that the scan itself does not call.
//! <https://docs.aws.amazon.com/accounts/latest/reference/API_GetContactInformation.html>

use serde_json::json;

use crate::wire::Refusal;
use crate::world::World;

/// Answers one action with a JSON document.
pub fn handle(world: &World, account: &str, action: &str) -> Result<String, Refusal> {
    if action != "GetContactInformation" {
        return Err(Refusal::new(404, "UnknownOperationException", format!("no operation {action}")));
    }
    let name = world.accounts.iter().find(|known| known.id == account).map(|known| known.name.clone());
    Ok(json!({"ContactInformation": {
        "FullName": name,
        "CompanyName": "Example",
        "AddressLine1": "1 Example Street",
        "City": "Seattle",
        "PostalCode": "98101",
        "CountryCode": "US",
        "PhoneNumber": "+1 206 555 0100",
    }})
    .to_string())
}
