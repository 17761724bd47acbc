//! What the token has to do with an answer about access: too narrow, expired, nobody's, revoked, too mighty, for another hub.

use super::{access_as, gated_hub, model};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, CANARY, Gate, Hub, Role, token_of};
use snapbox::str;

#[test]
fn without_a_token_it_is_said_how_to_give_one() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["access", "org/model"]).status(3).stdout(str![[r#"
REPOSITORY  GATE    ACCESS    TOKEN
org/model   manual  no token  none

access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
  hint: accept the terms at https://huggingface.co/org/model with your account
  hint: store a token of that account (https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/auth-check 401
GET hub /api/models/org/model/revision/main 200

"#]]
    );
}

#[test]
fn a_fine_grained_token_needs_the_box_for_gated_repositories() {
    let without = Account::new("bob").without_gated_permission();
    let hub = Hub::start(vec![model("org/model", Gate::Manual)])
        .account(without)
        .account(Account::new("carol").role(Role::FineGrained))
        .access("bob", "org/model", Access::Granted)
        .access("carol", "org/model", Access::Granted);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"]).status(4).stdout(str![[r#"
REPOSITORY  GATE    ACCESS            TOKEN
org/model   manual  token too narrow  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role fine-grained
  gated repositories: may not be read with this token
  may: repo.content.read (user bob)

the token's permissions do not cover `org/model`
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Please enable access to public gated repositories in your fine-grained token settings to view this repository.
  hint: give the token "Read access to contents of all public gated repos you can access", or make one that has it: https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained; then run the same command again
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).stderr(str![[r#"
warning: the token from HF_TOKEN may not read gated repositories, whatever its account may; tick "Read access to contents of all public gated repos you can access" on its page

"#]]).run();
    access_as(&sandbox, "carol", &["org/model"])
        .stdout(str![[r#"
REPOSITORY  GATE    ACCESS   TOKEN
org/model   manual  granted  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `carol`
  token: `carol-token`, role fine-grained
  gated repositories: may be read
  may: repo.content.read (user carol)

"#]])
        .run();
}

#[test]
fn an_expired_token_is_the_reason_and_its_account_is_not_known() {
    let hub = Hub::start(vec![model("org/model", Gate::Manual)]).account(Account::new("bob").expired());
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"])
        .status(3)
        .stdout(str![[r#"
REPOSITORY  GATE  ACCESS         TOKEN
org/model   ?     expired token  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: not known: User Access Token "bob-token" is expired

the token for `org/model` has expired
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: User Access Token "bob-token" is expired
  hint: make a new token at https://huggingface.co/settings/tokens and set HF_TOKEN to it
  hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
}

#[test]
fn a_token_of_nobody_on_a_public_model_has_a_way_around_it() {
    let hub = Hub::start(vec![model("org/model", Gate::Open)]);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["access", "org/model"])
        .env("HF_TOKEN", CANARY)
        .status(3)
        .stdout(str![[r#"
REPOSITORY  GATE  ACCESS     TOKEN
org/model   ?     bad token  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: not known: Invalid username or password.

the token for `org/model` is not valid
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: Invalid credentials in Authorization header
  hint: `org/model` is public: the same command with `--anonymous` pulls it without a token
  hint: make a new token at https://huggingface.co/settings/tokens and set HF_TOKEN to it
  hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/revision/main 401
GET hub /api/whoami-v2 401

"#]]
    );
    sandbox
        .args(["access", "--anonymous", "org/model"])
        .env("HF_TOKEN", CANARY)
        .stdout(str![[r#"
REPOSITORY  GATE  ACCESS   TOKEN
org/model   open  granted  none

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/revision/main 200

"#]]
    );
}

#[test]
fn a_token_that_an_organization_revoked_is_said_to_be_forbidden() {
    let hub = Hub::start(vec![model("org/model", Gate::Manual)]).account(Account::new("bob").revoked());
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"])
        .status(4)
        .stdout(str![[r#"
REPOSITORY  GATE  ACCESS     TOKEN
org/model   ?     forbidden  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: not known: Your token has been revoked by the organization administrator, please use another one.

access to `org/model` is forbidden to this token
  caused by: 403 Forbidden for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: Your token has been revoked by the organization administrator, please use another one.
  hint: another token may be allowed: https://huggingface.co/settings/tokens
  hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
}

#[test]
fn a_token_that_may_write_is_warned_about() {
    let hub = Hub::start(vec![model("org/model", Gate::Auto)]).account(Account::new("bob").role(Role::Write)).access(
        "bob",
        "org/model",
        Access::Granted,
    );
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"]).stdout(str![[r#"
REPOSITORY  GATE  ACCESS   TOKEN
org/model   auto  granted  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role write
  gated repositories: may be read

"#]]).stderr(str![[r#"
warning: the token from HF_TOKEN may also write; a download needs a read or fine-grained token, which does less harm in other hands

"#]]).run();
}

#[test]
fn a_token_for_another_provider_is_not_sent_but_spoken_of() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["access", "org/model"]).env("BA_TOKEN", token_of("bob"));
    run.status(3).stdout(str![[r#"
REPOSITORY  GATE    ACCESS    TOKEN
org/model   manual  no token  none

access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
  hint: accept the terms at https://huggingface.co/org/model with your account
  hint: store a token of that account (https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again
  hint: BA_TOKEN is set, but it is for the provider `ba`; did you mean `ba:org/model`?

"#]]).run();
    assert!(hub.requests().iter().all(|request| request.token.is_none()));
}
