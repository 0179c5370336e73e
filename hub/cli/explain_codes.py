"""What every ``HUB-nnn`` means and what to do about it."""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    "HUB-100": "A command could not finish. The message says what happened and what to do; what was"
    " committed before stays.",
    "HUB-110": "One stream stopped. Its checkpoint is kept, the other streams went on. Correct what"
    " the message names, then run: hub sync NAME.",
    "HUB-111": "The system's request budget for the day is spent. The run resumes from its"
    " checkpoint at the next schedule after the budget is renewed; nothing is read twice.",
    "HUB-112": "Another process took over this run, because this one was silent for longer than"
    " schedules.lease. Its write was refused and rolled back, so nothing happened twice. If a"
    " machine pauses often (suspended laptop, overloaded host), raise schedules.lease.",
    "HUB-113": "Another process of this hub is doing the same work. Let it finish; if it was"
    " killed on another machine, its lease ends within half a minute and the work is free again.",
    "HUB-120": "One record cannot be used. It lies in quarantine with its reason; the rest of the"
    " page went on. See: hub quarantine list; after a correction: hub quarantine replay.",
    "HUB-121": "A file of a csv connection is missing or may not be read. What was read before"
    " stays; the next run looks again.",
    "HUB-122": "A file is not in the encoding that was declared or found. Nothing of it was read,"
    " since every accent would be wrong. Set encoding in the settings of the stream.",
    "HUB-123": "A file has a line too long for a text table; it is probably not one.",
    "HUB-124": "A file is damaged, cut short, or changed while it was being read. Copy it again;"
    " the next run resumes.",
    "HUB-125": "A file lacks a column that hub.toml names. See its header with: hub connectors read"
    " NAME --guess.",
    "HUB-126": "A file that the hub wrote was changed by someone else, so it cannot be updated row"
    " by row. Move it away and push again: it is written anew.",
    "HUB-130": "The id or name does not exist in this hub. Names are case-sensitive; golden ids of"
    " merged customers still resolve, ids of erased ones say so.",
    "HUB-131": "hub.toml declares no connection of that name. See: hub config show.",
    "HUB-140": "A proof did not verify: the audit log or its export was changed, cut or mixed. Keep"
    " the file, compare it with an earlier checkpoint of your own, and treat it as an incident.",
    "HUB-150": "A connector plugin has a defect: one of its functions raised. Its stream stopped at"
    " the last checkpoint, the others went on. Report it to the plugin's author, with the"
    " message: it names the line.",
    "HUB-160": "A case cannot take that step. It is closed only after the customer was told, with"
    " the reference of the message; hub cases show CASE tells where it stands and what happened.",
    "HUB-165": "An improvement cannot take that step. It is owned, then acted on, then told to"
    " customers, then measured again; or it is declined with a message. hub themes show tells where"
    " it stands and what happened.",
    "HUB-200": "The settings cannot be used; nothing was started. The message names the setting.",
    "HUB-201": "hub.toml has mistakes; all of them are listed with line and column, and nothing was"
    " started. Correct them and run: hub check.",
    "HUB-202": "hub.toml cannot be read. Create one with: hub init, or name another with --config"
    " PATH or the variable CXHUB_CONFIG.",
    "HUB-203": "The command line is not understood. Add --help to the command to see its options.",
    "HUB-210": "store.url does not name a database that the hub can use: SQLite (sqlite:///path) or"
    " PostgreSQL (postgresql+psycopg://user@host/name, with the extra cxhub[postgres]).",
    "HUB-211": "A secret refers to an environment variable that is not set where the hub runs."
    " Services and cron do not read your shell's profile: set it in the unit or the crontab.",
    "HUB-212": "A secret refers to a file that cannot be read or is empty.",
    "HUB-213": "A secret's file may be read by others than its owner. Run: chmod 600 FILE, and"
    " renew the secret if others had access.",
    "HUB-214": "A secret that should be an RSA private key is none, or is locked by a password. The"
    " hub signs with it instead of sending a secret; make one with: openssl genrsa 2048, and give"
    " the app in the system its certificate.",
    "HUB-215": "A secret refers to the keyring of the operating system, which cannot be read: the"
    " package keyring is missing, the keyring is locked, or it has no such entry. A service without"
    " a desktop session usually has none: use a file of mode 600 there.",
    "HUB-216": "The secret of a route for alerts is not a key for signing. Receivers that follow"
    " Standard Webhooks expect whsec_ and 24 to 64 bytes in base64; make one with: echo"
    ' "whsec_$(openssl rand -base64 32)", and give it to the receiver too.',
    "HUB-220": "A connector plugin is installed but broken; its connections are left out and the"
    " others go on. See: hub doctor.",
    "HUB-221": "No installed package brings a connector of that name. See: hub connectors list.",
    "HUB-222": "A name cannot be used for a new connector.",
    "HUB-223": "The folder for a new connector or for the demo is not empty; nothing was written.",
    "HUB-230": "A section of hub.toml refers to something that does not exist; the message names"
    " what may be used instead.",
    "HUB-225": "hub.toml declares no connection, so there is nothing to read. Add one under"
    " [connections.NAME]; the example in hub init shows how.",
    "HUB-226": "A file says too little about itself for hub quickstart. The message names what is"
    " missing; write a hub.toml from the proposal of: hub connectors read FILE --guess.",
    "HUB-231": "A field would be written under a purpose that [purposes] does not have. Nothing"
    " leaves without a purpose: add it, or map the field under another one.",
    "HUB-232": "A field would be written from a part of the profile that does not exist. The"
    " reference page of the unified profile lists every field.",
    "HUB-233": "[identity.weights] names a comparison or a level that the model does not have. The"
    " message lists those that exist.",
    "HUB-234": "The labelled truth for hub identity evaluate cannot be used. It is a CSV file with"
    " the columns record (connection/stream/id) and person.",
    "HUB-235": "A score has no entry in the register of automated decisions, so it is not used:"
    " somebody has to answer for it. The entry names the score, its version, what it reads, what is"
    " decided with it, whether it decides alone, and who answers for it. See: [risk] decisions.",
    "HUB-236": "The entry of a score in the register of automated decisions is about another"
    " version, or does not name everything that the score reads. Read what changed, then correct"
    " the entry.",
    "HUB-237": "A system would be given more than hub.toml permits: more fields than a cap, or one"
    " whose name says something sensitive or is barred by [quality] never. Nothing was planned or"
    " written. The message names the fields; map fewer, or raise the cap if all are needed there.",
    "HUB-238": "[risk] model asks for a trained model, and there is none, or its file was changed,"
    " or it weighs another version of the score, or the register of automated decisions does not"
    " name it. Train one with hub risk train --promote, and let whoever answers for it put its name"
    " into the entry; or go back to model = points.",
    "HUB-240": "Others may read a key of the hub, such as the one with which every fingerprint is"
    " made. Run chmod 600 on the file that the message names.",
    "HUB-241": "The hub's key file is damaged. Restore it from your backup: under a new key every"
    " row looks changed and no contact point is recognised.",
    "HUB-242": "The audit log's signing key is missing or damaged. Restore it from your backup; a"
    " new one would break the chain of checkpoints.",
    "HUB-243": "The key of the vault, in which rotating refresh tokens are sealed, is missing or"
    " malformed. It is 32 bytes in base64: openssl rand -base64 32.",
    "HUB-244": "A refresh token was sealed with a key that is not at hand. Keep an earlier key as a"
    " further line below the new one; if it is lost, authorise the hub in that system again.",
    "HUB-245": "A sealed refresh token was altered, or copied from another credential's row. It is"
    " not used. Restore the database from a backup, or authorise the hub in that system again: a"
    " new refresh token in hub.toml begins a new entry.",
    "HUB-400": "The system refused the credential; only a person can renew it. Renew it there, put"
    " it where hub.toml refers to, then run: hub check --connect NAME.",
    "HUB-500": "A system is out of reach. What was committed stays; the next run resumes.",
    "HUB-501": "A system asked for patience. The hub waits and tries again by itself.",
    "HUB-502": "A request was sent and its answer was lost, so it is unknown whether it had its"
    " effect. The hub reads the record back before it tries again.",
    "HUB-503": "A file could not be written, as on a full disk. The old file is as it was; make"
    " room or permit writing, then run the same command again.",
    "HUB-510": "The database refused. The transaction was rolled back whole; nothing is half"
    " written. See: hub doctor.",
    "HUB-511": "The database is locked by another process. Nothing was written; wait, or stop it.",
    "HUB-512": "The disk under the database is full. The last page was rolled back whole; free"
    " space and repeat the command: it resumes.",
    "HUB-513": "The database or its folder is read-only for the hub's user.",
    "HUB-514": "The database has no hub schema yet. Run: hub db upgrade.",
    "HUB-515": "The database is out of reach. Check store.url, the network and the server.",
    "HUB-516": "A newer hub wrote this database. Install that version, or restore a backup.",
    "HUB-517": "Two transactions wanted the same row; one gave way and was rolled back whole. Pages"
    " are repeated by themselves; a command that still says so can be run again.",
    "HUB-518": "The disk under the database gave an error, or a quota or limit kept the file from"
    " growing. The last page was rolled back whole; repeat the command once the disk is well.",
    "HUB-520": "The operating system refused: a missing file, a missing permission. The message"
    " names the file.",
    "HUB-521": "The disk is full. What was committed stays. Free space, then repeat the command.",
    "HUB-522": "The anchor file of the audit log cannot be written. The log itself is signed; the"
    " checkpoint is added to the file as soon as it can be.",
    "HUB-523": "hub serve cannot listen where it was told: another process has the port, the"
    " address is not of this machine, or a low port needs more rights. See [serve], or use:"
    " --port 0.",
    "HUB-900": "A bug in the hub or in a plugin. What was committed stays. The message names a file"
    " with the place in the code, without personal data or secrets; please attach it to a report.",
}
"""Code to explanation; a test holds the table complete."""
