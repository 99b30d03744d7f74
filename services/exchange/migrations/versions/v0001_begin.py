"""The exchange's first tables, and those of the log.

It makes new tables only, so it takes no lock that anybody waits for.
"""
# ruff: noqa: E501  # conditions are stated as the tables state them

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SQLITE = (
    """
    CREATE TRIGGER account_from_zero BEFORE INSERT ON account WHEN
    new.debits_pending <> 0 OR new.debits_posted <> 0
    OR new.credits_pending <> 0 OR new.credits_posted <> 0 OR new.last_transfer <> 0
 BEGIN SELECT RAISE(ABORT, 'account_from_zero'); END
    """,
    """
    CREATE TRIGGER account_counted BEFORE UPDATE OF debits_pending, debits_posted,
        credits_pending, credits_posted, last_transfer ON account WHEN NOT
    EXISTS (
        SELECT 1 FROM transfer t
        WHERE t.key = new.last_transfer AND new.last_transfer > old.last_transfer AND (
            (t.debit_account = new.id
             AND new.debits_pending = old.debits_pending + t.reserved
             AND new.debits_posted = old.debits_posted + t.posted
             AND new.credits_pending = old.credits_pending
             AND new.credits_posted = old.credits_posted)
            OR
            (t.credit_account = new.id
             AND new.credits_pending = old.credits_pending + t.reserved
             AND new.credits_posted = old.credits_posted + t.posted
             AND new.debits_pending = old.debits_pending
             AND new.debits_posted = old.debits_posted)
        )
    )
 BEGIN SELECT RAISE(ABORT, 'account_counted'); END
    """,
    """
    CREATE TRIGGER transfer_fits BEFORE INSERT ON transfer WHEN NOT (
    new.pending_id IS NULL OR EXISTS (
        SELECT 1 FROM transfer p
        WHERE p.id = new.pending_id AND p.step = 'pending'
            AND p.debit_account = new.debit_account AND p.credit_account =
        new.credit_account
            AND p.reserved = -new.reserved AND new.amount <= p.amount
    )
) OR NOT (
    new.reverses IS NULL OR EXISTS (
        SELECT 1 FROM transfer r
        WHERE r.id = new.reverses AND r.posted = new.posted
            AND r.debit_account = new.credit_account AND r.credit_account =
        new.debit_account
    )
) BEGIN SELECT RAISE(ABORT, 'transfer_fits'); END
    """,
    """
    CREATE TRIGGER transfer_applied AFTER INSERT ON transfer BEGIN
    UPDATE account SET debits_pending = debits_pending + new.reserved,
        debits_posted = debits_posted + new.posted, last_transfer = new.key
    WHERE id = new.debit_account;

    UPDATE account SET credits_pending = credits_pending + new.reserved,
        credits_posted = credits_posted + new.posted, last_transfer = new.key
    WHERE id = new.credit_account;
 END
    """,
    """
    CREATE TRIGGER transfer_held AFTER INSERT ON transfer WHEN new.step = 'pending' BEGIN
    INSERT INTO open_hold (transfer, kind, group_id, expires_at)
    VALUES (new.id, new.kind, new.group_id, new.expires_at);
 END
    """,
    """
    CREATE TRIGGER transfer_released AFTER INSERT ON transfer WHEN new.pending_id IS NOT NULL
        BEGIN DELETE FROM open_hold WHERE transfer = new.pending_id; END
    """,
    """
    CREATE TRIGGER transfer_stays_update BEFORE UPDATE ON transfer  BEGIN SELECT RAISE(ABORT,
        'transfer_stays'); END
    """,
    """
    CREATE TRIGGER transfer_stays_delete BEFORE DELETE ON transfer  BEGIN SELECT RAISE(ABORT,
        'transfer_stays'); END
    """,
)

_POSTGRESQL = (
    """
    CREATE OR REPLACE FUNCTION account_from_zero() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF
    new.debits_pending <> 0 OR new.debits_posted <> 0
    OR new.credits_pending <> 0 OR new.credits_posted <> 0 OR new.last_transfer <> 0
 THEN RAISE EXCEPTION 'account_from_zero' USING ERRCODE = 'check_violation', CONSTRAINT =
        'account_from_zero'; END IF; RETURN new; END $$
    """,
    """
    CREATE TRIGGER account_from_zero BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION
        account_from_zero()
    """,
    """
    CREATE OR REPLACE FUNCTION account_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF
        NOT
    EXISTS (
        SELECT 1 FROM transfer t
        WHERE t.key = new.last_transfer AND new.last_transfer > old.last_transfer AND (
            (t.debit_account = new.id
             AND new.debits_pending = old.debits_pending + t.reserved
             AND new.debits_posted = old.debits_posted + t.posted
             AND new.credits_pending = old.credits_pending
             AND new.credits_posted = old.credits_posted)
            OR
            (t.credit_account = new.id
             AND new.credits_pending = old.credits_pending + t.reserved
             AND new.credits_posted = old.credits_posted + t.posted
             AND new.debits_pending = old.debits_pending
             AND new.debits_posted = old.debits_posted)
        )
    )
 THEN RAISE EXCEPTION 'account_counted' USING ERRCODE = 'check_violation', CONSTRAINT =
        'account_counted'; END IF; RETURN new; END $$
    """,
    """
    CREATE TRIGGER account_counted BEFORE UPDATE OF debits_pending, debits_posted,
        credits_pending, credits_posted, last_transfer ON account FOR EACH ROW EXECUTE
        FUNCTION account_counted()
    """,
    """
    CREATE OR REPLACE FUNCTION transfer_fits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF
        NOT (
    new.pending_id IS NULL OR EXISTS (
        SELECT 1 FROM transfer p
        WHERE p.id = new.pending_id AND p.step = 'pending'
            AND p.debit_account = new.debit_account AND p.credit_account =
        new.credit_account
            AND p.reserved = -new.reserved AND new.amount <= p.amount
    )
) OR NOT (
    new.reverses IS NULL OR EXISTS (
        SELECT 1 FROM transfer r
        WHERE r.id = new.reverses AND r.posted = new.posted
            AND r.debit_account = new.credit_account AND r.credit_account =
        new.debit_account
    )
) THEN RAISE EXCEPTION 'transfer_fits' USING ERRCODE = 'check_violation', CONSTRAINT =
        'transfer_fits'; END IF; RETURN new; END $$
    """,
    """
    CREATE TRIGGER transfer_fits BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION
        transfer_fits()
    """,
    """
    CREATE OR REPLACE FUNCTION transfer_applied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF new.debit_account COLLATE "C" < new.credit_account COLLATE "C" THEN
    UPDATE account SET debits_pending = debits_pending + new.reserved,
        debits_posted = debits_posted + new.posted, last_transfer = new.key
    WHERE id = new.debit_account;

    UPDATE account SET credits_pending = credits_pending + new.reserved,
        credits_posted = credits_posted + new.posted, last_transfer = new.key
    WHERE id = new.credit_account;
 ELSE
    UPDATE account SET credits_pending = credits_pending + new.reserved,
        credits_posted = credits_posted + new.posted, last_transfer = new.key
    WHERE id = new.credit_account;

    UPDATE account SET debits_pending = debits_pending + new.reserved,
        debits_posted = debits_posted + new.posted, last_transfer = new.key
    WHERE id = new.debit_account;
 END IF; IF new.step = 'pending' THEN
    INSERT INTO open_hold (transfer, kind, group_id, expires_at)
    VALUES (new.id, new.kind, new.group_id, new.expires_at);
 END IF; IF new.pending_id IS NOT NULL THEN DELETE FROM open_hold WHERE transfer =
        new.pending_id; END IF; RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER transfer_applied AFTER INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION
        transfer_applied()
    """,
    """
    CREATE OR REPLACE FUNCTION transfer_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'transfer_stays' USING ERRCODE = 'check_violation', CONSTRAINT =
        'transfer_stays'; END $$
    """,
    """
    CREATE TRIGGER transfer_stays BEFORE UPDATE OR DELETE ON transfer FOR EACH ROW EXECUTE
        FUNCTION transfer_stays()
    """,
    """
    CREATE TRIGGER transfer_stays_truncate BEFORE TRUNCATE ON transfer FOR EACH STATEMENT
        EXECUTE FUNCTION transfer_stays()
    """,
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "agreed_link",
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("want", sa.Text(), nullable=False),
        sa.Column("giver_agrees", sa.Integer(), nullable=False),
        sa.Column("taker_agrees", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("offer", "want"),
    )
    op.create_index("agreed_link_by_want", "agreed_link", ["want"], unique=False)
    op.create_table(
        "announced_head",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "service"),
    )
    op.create_table(
        "answered",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "operation", "key"),
    )
    op.create_table(
        "block",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "other"),
    )
    op.create_index("block_by_other", "block", ["other"], unique=False)
    op.create_table(
        "category",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("above", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("synonyms", sa.Text(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "held_page",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "service", "log", "epoch", "number", "sha256"),
    )
    op.create_index("held_by_reason", "held_page", ["reason"], unique=False)
    op.create_table(
        "inbox_cursor",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
    )
    op.create_table(
        "item",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("network_only", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("indexed", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("own_category", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("lat", sa.Integer(), nullable=True),
        sa.Column("lon", sa.Integer(), nullable=True),
        sa.Column("radius_km", sa.Integer(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("base_amount", sa.BigInteger(), nullable=True),
        sa.Column("value_unit", sa.Text(), nullable=False),
        sa.Column("rings", sa.Text(), nullable=False),
        sa.Column("available_from", sa.Text(), nullable=False),
        sa.Column("available_until", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("listed_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "base_amount IS NULL OR base_amount > 0", name="item_amount_is_positive"
        ),
        sa.CheckConstraint("revision > 0", name="item_revision_is_positive"),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("item_by_expiry", "item", ["state", "expires_at"], unique=False)
    op.create_index("item_by_origin", "item", ["origin", "state", "key"], unique=False)
    op.create_index("item_by_owner", "item", ["owner", "state", "key"], unique=False)
    op.create_index("item_by_state", "item", ["state", "side", "key"], unique=False)
    op.create_index(
        "item_to_index",
        "item",
        ["key"],
        unique=False,
        sqlite_where=sa.text("indexed = 0"),
        postgresql_where=sa.text("indexed = 0"),
    )
    op.create_table(
        "item_term",
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column(
            "item",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("term", "item"),
    )
    op.create_index("item_term_by_item", "item_term", ["item"], unique=False)
    op.create_table(
        "item_word",
        sa.Column(
            "word", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "item",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", "item"),
    )
    op.create_index("item_word_by_item", "item_word", ["item"], unique=False)
    op.create_table(
        "known_node",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("continent", sa.Text(), nullable=False),
        sa.Column("root_key", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("admitted_by", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("last_pages", sa.Text(), server_default="{}", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("node"),
    )
    op.create_table(
        "ledger_unit",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.CheckConstraint("floor <= 0 AND ceiling >= 0", name="unit_limits_around_zero"),
        sa.CheckConstraint("parts > 0", name="unit_has_parts"),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "left_behind",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_table(
        "letter_key",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("node", "service", "key"),
    )
    op.create_table(
        "log_head",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("receipt_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("receipt_number", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("log"),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_table(
        "pages",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "epoch", "number"),
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("locality", sa.Text(), nullable=False),
        sa.Column("lat", sa.Integer(), nullable=True),
        sa.Column("lon", sa.Integer(), nullable=True),
        sa.Column("women_led", sa.Integer(), nullable=True),
        sa.Column("members", sa.BigInteger(), nullable=True),
        sa.Column("workers", sa.BigInteger(), nullable=True),
        sa.Column("certificates", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("participant_by_origin", "participant", ["origin"], unique=False)
    op.create_table(
        "peer_log",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("applied_at", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("node", "service", "log"),
    )
    op.create_table(
        "peer_pages",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "service", "log", "epoch", "number"),
    )
    op.create_table(
        "quarantine",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("node", "service", "log", "epoch", "number", "signature", "reason"),
    )
    op.create_table(
        "rates",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("published_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "revision"),
    )
    op.create_table(
        "refusal_count",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "reason"),
    )
    op.create_table(
        "reopened_for",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "cause"),
    )
    op.create_table(
        "revoked_token",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_id"),
    )
    op.create_table(
        "ring",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("entries", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("doubted", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ring_due",
        "ring",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at != ''"),
        postgresql_where=sa.text("next_at != ''"),
    )
    op.create_table(
        "ring_barred",
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("want", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("offer", "want"),
    )
    op.create_table(
        "ring_contact",
        sa.Column("ring", sa.Text(), nullable=False),
        sa.Column("for_party", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ring", "for_party", "party"),
    )
    op.create_table(
        "ring_copy",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("entries", sa.Text(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("next_at", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=False),
        sa.Column("erased", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ring_copy_due",
        "ring_copy",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at != ''"),
        postgresql_where=sa.text("next_at != ''"),
    )
    op.create_index("ring_copy_to_erase", "ring_copy", ["erased", "ended_at"], unique=False)
    op.create_table(
        "ring_note",
        sa.Column("ring", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ring", "id"),
    )
    op.create_table(
        "ring_part",
        sa.Column("ring", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("accepts", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("consents", sa.Integer(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ring", "party"),
    )
    op.create_index("ring_part_by_party", "ring_part", ["party", "ring"], unique=False)
    op.create_index("ring_part_by_state", "ring_part", ["state", "expires_at"], unique=False)
    op.create_table(
        "ring_record",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("yes", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("waited", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "ring_repair",
        sa.Column("ring", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ring"),
    )
    op.create_table(
        "ring_report",
        sa.Column("ring", sa.Text(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ring", "leg", "what"),
    )
    op.create_table(
        "ring_resolution",
        sa.Column("ring", sa.Text(), nullable=False),
        sa.Column("steward", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ring", "steward"),
    )
    op.create_table(
        "ring_slot",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("ring", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint("revision > 0", name="ring_slot_revision_is_positive"),
        sa.PrimaryKeyConstraint("item"),
    )
    op.create_index("ring_slot_by_ring", "ring_slot", ["ring", "party"], unique=False)
    op.create_table(
        "round",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("proposed", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("round_by_state", "round", ["state", "level", "started_at"], unique=False)
    op.create_table(
        "round_missing",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item", "level"),
    )
    op.create_index("round_missing_by_round", "round_missing", ["level", "round"], unique=False)
    op.create_table(
        "round_proof",
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("round"),
    )
    op.create_table(
        "set_aside",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "service", "log", "epoch", "number", "place"),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("debits_posted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_posted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_transfer", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state <> 'closed' OR (credits_posted = debits_posted AND debits_pending = 0 AND credits_pending = 0)",
            name="closed_at_zero",
        ),
        sa.CheckConstraint("state IN ('open', 'frozen', 'closed')", name="account_state"),
        sa.CheckConstraint(
            "credits_posted - debits_posted - debits_pending >= floor AND credits_posted + credits_pending - debits_posted <= ceiling",
            name="within_limits",
        ),
        sa.CheckConstraint(
            "debits_pending >= 0 AND debits_posted >= 0 AND credits_pending >= 0 AND credits_posted >= 0",
            name="counters_not_negative",
        ),
        sa.CheckConstraint("floor <= 0 AND ceiling >= 0", name="account_limits_around_zero"),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["ledger_unit.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id", "unit", name="account_of_unit"),
        sa.UniqueConstraint("owner", "unit", "kind", name="account_once"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("account_by_unit", "account", ["unit", "id"], unique=False)
    op.create_table(
        "rate",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("numerator > 0 AND denominator > 0", name="rate_is_positive"),
        sa.ForeignKeyConstraint(
            ["node", "revision"], ["rates.node", "rates.revision"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("node", "revision", "unit"),
    )
    op.create_table(
        "transfer",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("debit_account", sa.Text(), nullable=False),
        sa.Column("credit_account", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.Column("pending_id", sa.Text(), nullable=True),
        sa.Column("reverses", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("group_size", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("agreement", sa.Text(), server_default="", nullable=False),
        sa.Column("happened_on", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(step = 'posted' AND reserved = 0 AND posted = amount) OR (step = 'pending' AND reserved = amount AND posted = 0) OR (step = 'post' AND reserved <= -amount AND posted = amount) OR (step IN ('void', 'expire') AND reserved = -amount AND posted = 0)",
            name="effects_of_step",
        ),
        sa.CheckConstraint(
            "(step IN ('post', 'void', 'expire') AND pending_id IS NOT NULL) OR (step IN ('posted', 'pending') AND pending_id IS NULL)",
            name="resolves_a_hold",
        ),
        sa.CheckConstraint("expires_at IS NULL OR step = 'pending'", name="holds_expire"),
        sa.CheckConstraint("reverses IS NULL OR step = 'posted'", name="reversal_is_posted"),
        sa.CheckConstraint(
            "(group_id IS NULL AND group_size IS NULL) OR (group_id IS NOT NULL AND group_size > 0)",
            name="group_has_size",
        ),
        sa.CheckConstraint("amount > 0 AND amount <= 9007199254740991", name="amount_positive"),
        sa.CheckConstraint("debit_account <> credit_account", name="two_accounts"),
        sa.ForeignKeyConstraint(
            ["credit_account", "unit"], ["account.id", "account.unit"], name="credit_of_unit"
        ),
        sa.ForeignKeyConstraint(
            ["debit_account", "unit"], ["account.id", "account.unit"], name="debit_of_unit"
        ),
        sa.ForeignKeyConstraint(
            ["pending_id"],
            ["transfer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reverses"],
            ["transfer.id"],
        ),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("id", name="transfer_once"),
        sa.UniqueConstraint("pending_id", name="resolved_once"),
        sa.UniqueConstraint("reverses", name="reversed_once"),
    )
    op.create_index(
        "transfer_by_agreement",
        "transfer",
        ["agreement", "key"],
        unique=False,
        sqlite_where=sa.text("agreement != ''"),
        postgresql_where=sa.text("agreement != ''"),
    )
    op.create_index("transfer_by_credit", "transfer", ["credit_account", "key"], unique=False)
    op.create_index("transfer_by_debit", "transfer", ["debit_account", "key"], unique=False)
    op.create_index(
        "transfer_by_group",
        "transfer",
        ["group_id", "key"],
        unique=False,
        sqlite_where=sa.text("group_id IS NOT NULL"),
        postgresql_where=sa.text("group_id IS NOT NULL"),
    )
    op.create_table(
        "transfer_request",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("payer_account", sa.Text(), nullable=False),
        sa.Column("payee_account", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("agreement", sa.Text(), server_default="", nullable=False),
        sa.Column("happened_on", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'confirmed', 'declined', 'withdrawn', 'expired')",
            name="request_state",
        ),
        sa.CheckConstraint(
            "amount > 0 AND amount <= 9007199254740991", name="asked_amount_positive"
        ),
        sa.CheckConstraint("payer_account <> payee_account", name="asked_of_another"),
        sa.ForeignKeyConstraint(
            ["payee_account"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payer_account"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(
        "request_by_expiry",
        "transfer_request",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("request_by_payee", "transfer_request", ["payee_account", "key"], unique=False)
    op.create_index("request_by_payer", "transfer_request", ["payer_account", "key"], unique=False)
    op.create_table(
        "open_hold",
        sa.Column("transfer", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["transfer"],
            ["transfer.id"],
        ),
        sa.PrimaryKeyConstraint("transfer"),
    )
    op.create_index("open_hold_by_expiry", "open_hold", ["expires_at"], unique=False)
    op.create_table(
        "transfer_note",
        sa.Column("transfer", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transfer"],
            ["transfer.id"],
        ),
        sa.PrimaryKeyConstraint("transfer"),
    )
    of_its_kind = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL
    for statement in of_its_kind:
        # A colon would name a parameter.
        op.execute(sa.text(statement.replace(":", r"\:")))
