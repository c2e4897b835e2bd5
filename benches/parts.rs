//! The parts that cost CPU: parsing an account's details, running every check. Writing findings: `crates/lake/benches`.
//!
//! `cargo bench --bench parts --features full`, with the allocator of releases; figures and machine in `benches/README.md`.
#![expect(clippy::unwrap_used, reason = "a bench ends where something is not as expected")]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use orgsweep_model::collector::Clock;
use orgsweep_model::evaluate::evaluate;
use orgsweep_model::facts::{
    AWS_MANAGED_POLICIES, AccessKey, BOUNDARY_POLICIES, Credential, GroupMember, OWN_POLICIES, Policy,
    PrincipalTag, RosterEntry, Texts, User, VirtualMfaDevice,
};
use orgsweep_model::{Account, Context, DynCheck, Organization, Pack, Tables};
use orgsweep_testkit as kit;

/// The program's own.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    divan::main();
}

/// A page of 1,000 entities as AWS sends it: percent-encoded documents and all.
fn details() -> String {
    let document = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s3%3AGetObject%22%2C%22s3%3AListBucket%22%5D%2C%22Resource%22%3A%22arn%3Aaws%3As3%3A%3A%3Adata-%2A%22%7D%5D%7D";
    let mut users = String::new();
    for number in 0..400 {
        users.push_str(&format!(
            "<member><Path>/</Path><UserName>user-{number}</UserName><UserId>AIDA{number:016}</UserId>\
             <Arn>arn:aws:iam::111122223333:user/user-{number}</Arn><CreateDate>2025-01-02T03:04:05Z</CreateDate>\
             <UserPolicyList><member><PolicyName>inline</PolicyName><PolicyDocument>{document}</PolicyDocument></member>\
             </UserPolicyList><GroupList><member>staff</member></GroupList><AttachedManagedPolicies><member>\
             <PolicyName>ReadOnlyAccess</PolicyName><PolicyArn>arn:aws:iam::aws:policy/ReadOnlyAccess</PolicyArn>\
             </member></AttachedManagedPolicies><Tags><member><Key>owner</Key><Value>blue</Value></member></Tags></member>"
        ));
    }
    let mut roles = String::new();
    for number in 0..600 {
        roles.push_str(&format!(
            "<member><Path>/app/</Path><RoleName>role-{number}</RoleName><RoleId>AROA{number:016}</RoleId>\
             <Arn>arn:aws:iam::111122223333:role/app/role-{number}</Arn><CreateDate>2025-01-02T03:04:05Z</CreateDate>\
             <AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument><InstanceProfileList/><RolePolicyList/>\
             <AttachedManagedPolicies/><Tags/><RoleLastUsed><LastUsedDate>2026-01-02T03:04:05Z</LastUsedDate>\
             <Region>us-east-1</Region></RoleLastUsed></member>"
        ));
    }
    format!(
        "<GetAccountAuthorizationDetailsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         <GetAccountAuthorizationDetailsResult><UserDetailList>{users}</UserDetailList><GroupDetailList/>\
         <RoleDetailList>{roles}</RoleDetailList><Policies/><IsTruncated>false</IsTruncated>\
         </GetAccountAuthorizationDetailsResult><ResponseMetadata><RequestId>x</RequestId></ResponseMetadata>\
         </GetAccountAuthorizationDetailsResponse>"
    )
}

/// From the bytes of the answer to rows in eight tables, the SDK's parsing included.
#[divan::bench]
fn parse_account_authorization_details(bencher: Bencher<'_, '_>) {
    let body = details();
    let account = Account::new(kit::account_id());
    let session = orgsweep_aws::canned::session(&account, Clock::fixed(kit::now()), &body);
    let collectors = orgsweep_aws::collectors();
    let collector = collectors.iter().find(|collector| collector.name() == "authorization_details").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    bencher.counter(BytesCount::new(body.len())).bench_local(|| {
        let mut tables = Tables::new();
        runtime.block_on(collector.collect(&session, &mut tables));
        assert_eq!(tables.get::<User>().unwrap().len(), 400);
        tables
    });
}

/// 40 users, 60 roles, 30 customer policies.
fn tables() -> Tables {
    let users: Vec<String> = (0..40).map(|number| format!("user-{number}")).collect();
    let roles: Vec<String> = (0..60).map(|number| format!("role-{number}")).collect();
    let document =
        r#"{"Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:List*"],"Resource":"*"}]}"#;
    let policies: Vec<kit::PolicyText> =
        (0..30).map(|number| kit::customer_policy(&format!("policy-{number}"), document)).collect();
    let now = kit::now();
    let mut tables = Tables::new();
    let credentials: Vec<Credential> = users.iter().map(|name| kit::credential(name)).collect();
    tables.insert([vec![kit::root_credential()], credentials].concat(), now);
    tables.insert(users.iter().map(|name| kit::access_key(name, 1)).collect::<Vec<AccessKey>>(), now);
    tables.insert(users.iter().map(|name| kit::user(name)).collect::<Vec<_>>(), now);
    tables
        .insert(users.iter().map(|name| kit::group_member("staff", name)).collect::<Vec<GroupMember>>(), now);
    tables.insert(vec![kit::group("staff")], now);
    tables.insert(roles.iter().map(|name| kit::role(name)).collect::<Vec<_>>(), now);
    tables.insert(roles.iter().map(|name| kit::session_limit(name, 7200)).collect::<Vec<_>>(), now);
    let attachments: Vec<_> = roles
        .iter()
        .zip(policies.iter().cycle())
        .map(|(role, policy)| kit::attachment(&kit::role_arn(role), policy.arn()))
        .collect();
    tables.insert(attachments, now);
    let mut texts = Texts::new();
    let own = policies.iter().map(|one| {
        let document_sha256 = one.text.as_deref().map(|text| texts.name_of(text));
        Policy { document_sha256, ..one.policy.clone() }
    });
    tables.insert_part(OWN_POLICIES, own.collect(), now);
    tables.insert_texts(texts, now);
    for part in [AWS_MANAGED_POLICIES, BOUNDARY_POLICIES] {
        tables.note_part(part, 0, now);
    }
    tables.insert(Vec::<PrincipalTag>::new(), now);
    tables.insert(Vec::<VirtualMfaDevice>::new(), now);
    tables.insert(vec![kit::account_summary()], now);
    tables.insert(vec![kit::password_policy()], now);
    tables.insert(vec![RosterEntry::from(&Account::new(kit::account_id()))], now);
    tables
}

/// Every check of the standard distribution over one account.
#[divan::bench]
fn run_all_checks_over_one_account(bencher: Bencher<'_, '_>) {
    let packs: Vec<Pack> = orgsweep_standard::packs();
    let checks: Vec<&dyn DynCheck> =
        packs.iter().flat_map(|pack| pack.checks.iter().map(|check| &**check)).collect();
    let tables = tables();
    let account = Account::new(kit::account_id());
    let organization = Organization {
        id: "o-exampleorgid".to_owned(),
        management_account_id: kit::account_id(),
        partition: "aws".to_owned(),
    };
    let context = Context { now: kit::now(), account: &account, organization: &organization };
    let judged: usize = evaluate(&tables, &checks, &context).iter().map(|result| result.outcomes.len()).sum();
    bencher.counter(ItemsCount::new(judged)).bench_local(|| evaluate(&tables, &checks, &context));
}
