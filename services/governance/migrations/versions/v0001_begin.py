"""The governance's first tables, and those of the log.

It makes new tables only, so it takes no lock that anybody waits for.
"""
# ruff: noqa: E501  # conditions are stated as the tables state them

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SQLITE = (
    """
    CREATE TRIGGER assembly_step_stays_update BEFORE UPDATE ON assembly_step BEGIN SELECT
        RAISE(ABORT, 'assembly_step_stays'); END
    """,
    """
    CREATE TRIGGER assembly_step_stays_delete BEFORE DELETE ON assembly_step BEGIN SELECT
        RAISE(ABORT, 'assembly_step_stays'); END
    """,
    """
    CREATE TRIGGER assembly_step_follows BEFORE INSERT ON assembly_step WHEN new.number <>
        (SELECT coalesce(max(s.number), 0) + 1 FROM assembly_step s WHERE s.assembly =
        new.assembly) BEGIN SELECT RAISE(ABORT, 'assembly_step_follows'); END
    """,
    """
    CREATE TRIGGER association_ground_stays_update BEFORE UPDATE ON association_ground BEGIN
        SELECT RAISE(ABORT, 'association_row_stays'); END
    """,
    """
    CREATE TRIGGER association_ground_stays_delete BEFORE DELETE ON association_ground BEGIN
        SELECT RAISE(ABORT, 'association_row_stays'); END
    """,
    """
    CREATE TRIGGER association_told_stays_update BEFORE UPDATE ON association_told BEGIN SELECT
        RAISE(ABORT, 'association_row_stays'); END
    """,
    """
    CREATE TRIGGER association_told_stays_delete BEFORE DELETE ON association_told BEGIN SELECT
        RAISE(ABORT, 'association_row_stays'); END
    """,
    """
    CREATE TRIGGER ballot_stays_update BEFORE UPDATE ON ballot WHEN old.state <> 'open' OR
        new.state <> 'closed' OR new.id <> old.id OR new.rule <> old.rule OR new.rule_hash
        <> old.rule_hash OR new.options <> old.options OR new.texts <> old.texts OR
        new.opens_at <> old.opens_at OR new.closes_at <> old.closes_at OR new.roll_root <>
        old.roll_root OR new.roll_size <> old.roll_size BEGIN SELECT RAISE(ABORT,
        'ballot_stays'); END
    """,
    """
    CREATE TRIGGER budget_cycle_step_stays_update BEFORE UPDATE ON budget_cycle_step BEGIN
        SELECT RAISE(ABORT, 'budget_cycle_step_stays'); END
    """,
    """
    CREATE TRIGGER budget_cycle_step_stays_delete BEFORE DELETE ON budget_cycle_step BEGIN
        SELECT RAISE(ABORT, 'budget_cycle_step_stays'); END
    """,
    """
    CREATE TRIGGER budget_cycle_step_follows BEFORE INSERT ON budget_cycle_step WHEN new.number
        <> (SELECT coalesce(max(s.number), 0) + 1 FROM budget_cycle_step s WHERE
        s.budget_cycle = new.budget_cycle) BEGIN SELECT RAISE(ABORT,
        'budget_cycle_step_follows'); END
    """,
    """
    CREATE TRIGGER declaration_stays_update BEFORE UPDATE ON declaration BEGIN SELECT
        RAISE(ABORT, 'declaration_stays'); END
    """,
    """
    CREATE TRIGGER declaration_stays_delete BEFORE DELETE ON declaration BEGIN SELECT
        RAISE(ABORT, 'declaration_stays'); END
    """,
    """
    CREATE TRIGGER declaration_stays_insert BEFORE INSERT ON declaration WHEN EXISTS (SELECT 1
        FROM declaration d WHERE d.id = new.id OR d.key = new.key) BEGIN SELECT RAISE(ABORT,
        'declaration_stays'); END
    """,
    """
    CREATE TRIGGER federated_fact_stays_update BEFORE UPDATE ON federated_fact BEGIN SELECT
        RAISE(ABORT, 'federated_fact_stays'); END
    """,
    """
    CREATE TRIGGER paper_entry_settled_update BEFORE UPDATE ON federated_paper_entry WHEN
        old.settled = 1 BEGIN SELECT RAISE(ABORT, 'paper_entry_settled'); END
    """,
    """
    CREATE TRIGGER paper_entry_settled_delete BEFORE DELETE ON federated_paper_entry WHEN
        old.settled = 1 BEGIN SELECT RAISE(ABORT, 'paper_entry_settled'); END
    """,
    """
    CREATE TRIGGER recount_opening_stays_update BEFORE UPDATE ON federated_recount_opening BEGIN
        SELECT RAISE(ABORT, 'recount_opening_stays'); END
    """,
    """
    CREATE TRIGGER recount_opening_stays_delete BEFORE DELETE ON federated_recount_opening BEGIN
        SELECT RAISE(ABORT, 'recount_opening_stays'); END
    """,
    """
    CREATE TRIGGER roll_no_update BEFORE UPDATE ON roll WHEN old.frozen = 1 BEGIN SELECT
        RAISE(ABORT, 'roll_is_frozen'); END
    """,
    """
    CREATE TRIGGER roll_no_delete BEFORE DELETE ON roll BEGIN SELECT RAISE(ABORT,
        'roll_is_frozen'); END
    """,
    """
    CREATE TRIGGER roll_act_no_update BEFORE UPDATE ON roll_act BEGIN SELECT RAISE(ABORT,
        'roll_act_stays'); END
    """,
    """
    CREATE TRIGGER roll_act_no_delete BEFORE DELETE ON roll_act BEGIN SELECT RAISE(ABORT,
        'roll_act_stays'); END
    """,
    """
    CREATE TRIGGER roll_entry_no_insert BEFORE INSERT ON roll_entry WHEN EXISTS (SELECT 1 FROM
        roll r WHERE r.ballot = new.ballot AND r.frozen = 1) BEGIN SELECT RAISE(ABORT,
        'roll_is_frozen'); END
    """,
    """
    CREATE TRIGGER roll_entry_no_update BEFORE UPDATE ON roll_entry BEGIN SELECT RAISE(ABORT,
        'roll_is_frozen'); END
    """,
    """
    CREATE TRIGGER roll_entry_no_delete BEFORE DELETE ON roll_entry BEGIN SELECT RAISE(ABORT,
        'roll_is_frozen'); END
    """,
    """
    CREATE TRIGGER step_follows_insert BEFORE INSERT ON step WHEN NOT (
    (new.number = 1 AND new.previous =
        '0000000000000000000000000000000000000000000000000000000000000000')
    OR (new.number > 1 AND EXISTS (
        SELECT 1 FROM step s
        WHERE s.decision = new.decision AND s.number = new.number - 1 AND s.hash =
        new.previous
    ))
) BEGIN SELECT RAISE(ABORT, 'step_follows'); END
    """,
    """
    CREATE TRIGGER step_stays_update BEFORE UPDATE ON step  BEGIN SELECT RAISE(ABORT,
        'step_stays'); END
    """,
    """
    CREATE TRIGGER step_stays_delete BEFORE DELETE ON step  BEGIN SELECT RAISE(ABORT,
        'step_stays'); END
    """,
    """
    CREATE TRIGGER ballot_issued_in_time_insert BEFORE INSERT ON ballot_issued WHEN EXISTS
        (SELECT 1 FROM ballot b WHERE b.id = new.ballot_id AND b.state <> 'open') BEGIN
        SELECT RAISE(ABORT, 'ballot_issued_in_time'); END
    """,
    """
    CREATE TRIGGER ballot_issued_in_time_update BEFORE UPDATE ON ballot_issued WHEN EXISTS
        (SELECT 1 FROM ballot b WHERE b.id = new.ballot_id AND b.state <> 'open') BEGIN
        SELECT RAISE(ABORT, 'ballot_issued_in_time'); END
    """,
    """
    CREATE TRIGGER ballot_slip_in_time_insert BEFORE INSERT ON ballot_slip WHEN EXISTS (SELECT 1
        FROM ballot b WHERE b.id = new.ballot_id AND b.state <> 'open') BEGIN SELECT
        RAISE(ABORT, 'ballot_slip_in_time'); END
    """,
    """
    CREATE TRIGGER ballot_slip_in_time_update BEFORE UPDATE ON ballot_slip WHEN EXISTS (SELECT 1
        FROM ballot b WHERE b.id = new.ballot_id AND b.state <> 'open') BEGIN SELECT
        RAISE(ABORT, 'ballot_slip_in_time'); END
    """,
    """
    CREATE TRIGGER ballot_urn_stays_update BEFORE UPDATE ON ballot_urn BEGIN SELECT RAISE(ABORT,
        'ballot_urn_stays'); END
    """,
    """
    CREATE TRIGGER ballot_urn_stays_delete BEFORE DELETE ON ballot_urn BEGIN SELECT RAISE(ABORT,
        'ballot_urn_stays'); END
    """,
    """
    CREATE TRIGGER ballot_urn_stays_insert BEFORE INSERT ON ballot_urn WHEN EXISTS (SELECT 1
        FROM ballot b WHERE b.id = new.ballot_id AND b.state <> 'open') BEGIN SELECT
        RAISE(ABORT, 'ballot_urn_stays'); END
    """,
)

_POSTGRESQL = (
    """
    CREATE OR REPLACE FUNCTION assembly_step_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'assembly_step_stays' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'assembly_step_stays'; END $$
    """,
    """
    CREATE TRIGGER assembly_step_stays BEFORE UPDATE OR DELETE ON assembly_step FOR EACH ROW
        EXECUTE FUNCTION assembly_step_stays()
    """,
    """
    CREATE TRIGGER assembly_step_stays_truncate BEFORE TRUNCATE ON assembly_step FOR EACH
        STATEMENT EXECUTE FUNCTION assembly_step_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION assembly_step_follows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF new.number <> (SELECT coalesce(max(s.number), 0) + 1 FROM assembly_step s
        WHERE s.assembly = new.assembly) THEN RAISE EXCEPTION 'assembly_step_follows' USING
        ERRCODE = 'check_violation', CONSTRAINT = 'assembly_step_follows'; END IF; RETURN
        new; END $$
    """,
    """
    CREATE TRIGGER assembly_step_follows BEFORE INSERT ON assembly_step FOR EACH ROW EXECUTE
        FUNCTION assembly_step_follows()
    """,
    """
    CREATE OR REPLACE FUNCTION association_row_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'association_row_stays' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'association_row_stays'; END $$
    """,
    """
    CREATE TRIGGER association_ground_stays BEFORE UPDATE OR DELETE ON association_ground FOR
        EACH ROW EXECUTE FUNCTION association_row_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION association_row_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'association_row_stays' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'association_row_stays'; END $$
    """,
    """
    CREATE TRIGGER association_told_stays BEFORE UPDATE OR DELETE ON association_told FOR EACH
        ROW EXECUTE FUNCTION association_row_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION ballot_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF
        old.state <> 'open' OR new.state <> 'closed' OR new.id <> old.id OR new.rule <>
        old.rule OR new.rule_hash <> old.rule_hash OR new.options <> old.options OR
        new.texts <> old.texts OR new.opens_at <> old.opens_at OR new.closes_at <>
        old.closes_at OR new.roll_root <> old.roll_root OR new.roll_size <> old.roll_size
        THEN RAISE EXCEPTION 'ballot_stays' USING ERRCODE = 'check_violation', CONSTRAINT =
        'ballot_stays'; END IF; RETURN new; END $$
    """,
    """
    CREATE TRIGGER ballot_stays_update BEFORE UPDATE ON ballot FOR EACH ROW EXECUTE FUNCTION
        ballot_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION budget_cycle_step_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'budget_cycle_step_stays' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'budget_cycle_step_stays'; END $$
    """,
    """
    CREATE TRIGGER budget_cycle_step_stays BEFORE UPDATE OR DELETE ON budget_cycle_step FOR EACH
        ROW EXECUTE FUNCTION budget_cycle_step_stays()
    """,
    """
    CREATE TRIGGER budget_cycle_step_stays_truncate BEFORE TRUNCATE ON budget_cycle_step FOR
        EACH STATEMENT EXECUTE FUNCTION budget_cycle_step_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION budget_cycle_step_follows() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF new.number <> (SELECT coalesce(max(s.number), 0) + 1 FROM
        budget_cycle_step s WHERE s.budget_cycle = new.budget_cycle) THEN RAISE EXCEPTION
        'budget_cycle_step_follows' USING ERRCODE = 'check_violation', CONSTRAINT =
        'budget_cycle_step_follows'; END IF; RETURN new; END $$
    """,
    """
    CREATE TRIGGER budget_cycle_step_follows BEFORE INSERT ON budget_cycle_step FOR EACH ROW
        EXECUTE FUNCTION budget_cycle_step_follows()
    """,
    """
    CREATE OR REPLACE FUNCTION declaration_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'declaration_stays' USING ERRCODE = 'check_violation', CONSTRAINT =
        'declaration_stays'; END $$
    """,
    """
    CREATE TRIGGER declaration_stays BEFORE UPDATE OR DELETE ON declaration FOR EACH ROW EXECUTE
        FUNCTION declaration_stays()
    """,
    """
    CREATE TRIGGER declaration_stays_truncate BEFORE TRUNCATE ON declaration FOR EACH STATEMENT
        EXECUTE FUNCTION declaration_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION federated_fact_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'federated_fact_stays' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'federated_fact_stays'; END $$
    """,
    """
    CREATE TRIGGER federated_fact_stays BEFORE UPDATE ON federated_fact FOR EACH ROW EXECUTE
        FUNCTION federated_fact_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION paper_entry_settled() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'paper_entry_settled' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'paper_entry_settled'; END $$
    """,
    """
    CREATE TRIGGER paper_entry_settled BEFORE UPDATE OR DELETE ON federated_paper_entry FOR EACH
        ROW WHEN (old.settled = 1) EXECUTE FUNCTION paper_entry_settled()
    """,
    """
    CREATE OR REPLACE FUNCTION recount_opening_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'recount_opening_stays' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'recount_opening_stays'; END $$
    """,
    """
    CREATE TRIGGER recount_opening_stays BEFORE UPDATE OR DELETE ON federated_recount_opening
        FOR EACH ROW EXECUTE FUNCTION recount_opening_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION roll_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'roll_is_frozen' USING ERRCODE = 'check_violation', CONSTRAINT =
        'roll_is_frozen'; END $$
    """,
    """
    CREATE TRIGGER roll_no_update BEFORE UPDATE ON roll FOR EACH ROW WHEN (old.frozen = 1)
        EXECUTE FUNCTION roll_is_frozen()
    """,
    """
    CREATE TRIGGER roll_no_delete BEFORE DELETE ON roll FOR EACH ROW EXECUTE FUNCTION
        roll_is_frozen()
    """,
    """
    CREATE TRIGGER roll_no_truncate BEFORE TRUNCATE ON roll FOR EACH STATEMENT EXECUTE FUNCTION
        roll_is_frozen()
    """,
    """
    CREATE OR REPLACE FUNCTION roll_act_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'roll_act_stays' USING ERRCODE = 'check_violation', CONSTRAINT =
        'roll_act_stays'; END $$
    """,
    """
    CREATE TRIGGER roll_act_no_update BEFORE UPDATE OR DELETE ON roll_act FOR EACH ROW EXECUTE
        FUNCTION roll_act_stays()
    """,
    """
    CREATE TRIGGER roll_act_no_truncate BEFORE TRUNCATE ON roll_act FOR EACH STATEMENT EXECUTE
        FUNCTION roll_act_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION roll_entry_in_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT 1 FROM roll r WHERE r.ballot = new.ballot AND r.frozen = 1) THEN
        RAISE EXCEPTION 'roll_is_frozen' USING ERRCODE = 'check_violation', CONSTRAINT =
        'roll_is_frozen'; END IF; RETURN new; END $$
    """,
    """
    CREATE OR REPLACE FUNCTION roll_entry_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'roll_is_frozen' USING ERRCODE = 'check_violation', CONSTRAINT =
        'roll_is_frozen'; END $$
    """,
    """
    CREATE TRIGGER roll_entry_no_insert BEFORE INSERT ON roll_entry FOR EACH ROW EXECUTE
        FUNCTION roll_entry_in_time()
    """,
    """
    CREATE TRIGGER roll_entry_no_update BEFORE UPDATE OR DELETE ON roll_entry FOR EACH ROW
        EXECUTE FUNCTION roll_entry_stays()
    """,
    """
    CREATE TRIGGER roll_entry_no_truncate BEFORE TRUNCATE ON roll_entry FOR EACH STATEMENT
        EXECUTE FUNCTION roll_entry_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION step_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF
        NOT (
    (new.number = 1 AND new.previous =
        '0000000000000000000000000000000000000000000000000000000000000000')
    OR (new.number > 1 AND EXISTS (
        SELECT 1 FROM step s
        WHERE s.decision = new.decision AND s.number = new.number - 1 AND s.hash =
        new.previous
    ))
) THEN RAISE EXCEPTION 'step_follows' USING ERRCODE = 'check_violation', CONSTRAINT =
        'step_follows'; END IF; RETURN new; END $$
    """,
    """
    CREATE TRIGGER step_follows BEFORE INSERT ON step FOR EACH ROW EXECUTE FUNCTION
        step_follows()
    """,
    """
    CREATE OR REPLACE FUNCTION step_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE
        EXCEPTION 'step_stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'step_stays';
        END $$
    """,
    """
    CREATE TRIGGER step_stays BEFORE UPDATE OR DELETE ON step FOR EACH ROW EXECUTE FUNCTION
        step_stays()
    """,
    """
    CREATE TRIGGER step_stays_truncate BEFORE TRUNCATE ON step FOR EACH STATEMENT EXECUTE
        FUNCTION step_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION ballot_issued_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF EXISTS (SELECT 1 FROM ballot b WHERE b.id = new.ballot_id AND b.state <>
        'open') THEN RAISE EXCEPTION 'ballot_issued_in_time' USING ERRCODE =
        'check_violation', CONSTRAINT = 'ballot_issued_in_time'; END IF; RETURN new; END $$
    """,
    """
    CREATE TRIGGER ballot_issued_in_time_write BEFORE INSERT OR UPDATE ON ballot_issued FOR EACH
        ROW EXECUTE FUNCTION ballot_issued_in_time()
    """,
    """
    CREATE OR REPLACE FUNCTION ballot_slip_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF EXISTS (SELECT 1 FROM ballot b WHERE b.id = new.ballot_id AND b.state <>
        'open') THEN RAISE EXCEPTION 'ballot_slip_in_time' USING ERRCODE =
        'check_violation', CONSTRAINT = 'ballot_slip_in_time'; END IF; RETURN new; END $$
    """,
    """
    CREATE TRIGGER ballot_slip_in_time_write BEFORE INSERT OR UPDATE ON ballot_slip FOR EACH ROW
        EXECUTE FUNCTION ballot_slip_in_time()
    """,
    """
    CREATE OR REPLACE FUNCTION ballot_urn_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'ballot_urn_stays' USING ERRCODE = 'check_violation', CONSTRAINT =
        'ballot_urn_stays'; END $$
    """,
    """
    CREATE TRIGGER ballot_urn_stays_change BEFORE UPDATE OR DELETE ON ballot_urn FOR EACH ROW
        EXECUTE FUNCTION ballot_urn_stays()
    """,
    """
    CREATE TRIGGER ballot_urn_stays_truncate BEFORE TRUNCATE ON ballot_urn FOR EACH STATEMENT
        EXECUTE FUNCTION ballot_urn_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION ballot_urn_stays_closed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF EXISTS (SELECT 1 FROM ballot b WHERE b.id = new.ballot_id AND b.state <>
        'open') THEN RAISE EXCEPTION 'ballot_urn_stays_closed' USING ERRCODE =
        'check_violation', CONSTRAINT = 'ballot_urn_stays_closed'; END IF; RETURN new; END
        $$
    """,
    """
    CREATE TRIGGER ballot_urn_stays_closed_insert BEFORE INSERT ON ballot_urn FOR EACH ROW
        EXECUTE FUNCTION ballot_urn_stays_closed()
    """,
)


def upgrade() -> None:
    """Make the tables."""
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
        "assembly",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.CheckConstraint("steps >= 0", name="assembly_steps_not_negative"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("assembly_by_due", "assembly", ["due", "id"], unique=False)
    op.create_table(
        "assembly_step",
        sa.Column("assembly", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("number > 0", name="assembly_step_from_one"),
        sa.PrimaryKeyConstraint("assembly", "number"),
    )
    op.create_table(
        "association_ground",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("steward", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("association", "network", "what", "number", "at"),
    )
    op.create_table(
        "association_told",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("told_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("association", "node", "revision"),
    )
    op.create_table(
        "ballot",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_hash", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.Text(), nullable=False),
        sa.Column("closes_at", sa.Text(), nullable=False),
        sa.Column("roll_root", sa.Text(), nullable=False),
        sa.Column("roll_size", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), server_default="", nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(state = 'open' AND closed_at = '' AND result = '') OR (state = 'closed' AND closed_at <> '' AND result <> '')",
            name="closed_with_a_result",
        ),
        sa.CheckConstraint("roll_size >= 0", name="roll_not_negative"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "budget_cycle",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.CheckConstraint("steps >= 0", name="budget_cycle_steps_not_negative"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("budget_cycle_by_due", "budget_cycle", ["due", "id"], unique=False)
    op.create_table(
        "budget_cycle_step",
        sa.Column("budget_cycle", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("number > 0", name="budget_cycle_step_from_one"),
        sa.PrimaryKeyConstraint("budget_cycle", "number"),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("proposer", sa.Text(), nullable=False),
        sa.Column("titles", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.Text(), nullable=False),
        sa.Column("closes_at", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("next_at", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "decision_due",
        "decision",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at != ''"),
        postgresql_where=sa.text("next_at != ''"),
    )
    op.create_index("decision_of_phase", "decision", ["phase", "id"], unique=False)
    op.create_table(
        "decision_need",
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision", "who", "what", "due"),
    )
    op.create_index("decision_need_of", "decision_need", ["who", "decision"], unique=False)
    op.create_table(
        "decision_objection",
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision", "number"),
    )
    op.create_index(
        "decision_objection_raised",
        "decision_objection",
        ["raised_at", "decision", "number"],
        unique=False,
    )
    op.create_table(
        "decision_telling",
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision", "what"),
    )
    op.create_table(
        "declaration",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint("year >= 1900 AND year <= 2200", name="declaration_year"),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("declaration_by_kind", "declaration", ["kind", "year", "key"], unique=False)
    op.create_table(
        "delegation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("given_at < until", name="delegation_ends"),
        sa.CheckConstraint("giver <> holder", name="delegation_to_another"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("delegation_by_giver", "delegation", ["giver", "id"], unique=False)
    op.create_index("delegation_by_holder", "delegation", ["holder", "id"], unique=False)
    op.create_index("delegation_by_scope", "delegation", ["scope", "id"], unique=False)
    op.create_table(
        "federated_ballot",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("association", sa.Text(), server_default="", nullable=False),
        sa.Column("matter", sa.Text(), server_default="", nullable=False),
        sa.Column("convener", sa.Text(), server_default="", nullable=False),
        sa.Column("follows", sa.Text(), server_default="", nullable=False),
        sa.Column("opens_at", sa.Text(), server_default="", nullable=False),
        sa.Column("closes_at", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("waits", sa.Text(), server_default="[]", nullable=False),
        sa.CheckConstraint("changed IN (0, 1)", name="federated_changed"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("federated_after", "federated_ballot", ["follows"], unique=False)
    op.create_index("federated_changed_first", "federated_ballot", ["changed", "id"], unique=False)
    op.create_index(
        "federated_due",
        "federated_ballot",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at != ''"),
        postgresql_where=sa.text("next_at != ''"),
    )
    op.create_index("federated_of", "federated_ballot", ["association", "id"], unique=False)
    op.create_table(
        "federated_fact",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("teller", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("arrived_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("federated_fact_about", "federated_fact", ["about", "key"], unique=False)
    op.create_index("federated_fact_of", "federated_fact", ["teller", "key"], unique=False)
    op.create_table(
        "federated_key",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "key"),
    )
    op.create_table(
        "federated_leg",
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("local_ballot", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closes_at", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('rolled', 'open', 'closed')", name="federated_leg_state"),
        sa.PrimaryKeyConstraint("ballot", "network", "epoch"),
        sa.UniqueConstraint("local_ballot"),
    )
    op.create_index("federated_leg_open", "federated_leg", ["state", "closes_at"], unique=False)
    op.create_table(
        "federated_paper_entry",
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("teller", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.Text(), nullable=False),
        sa.Column("settled", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("what IN ('roll', 'result')", name="federated_paper_what"),
        sa.CheckConstraint("settled IN (0, 1)", name="federated_paper_settled"),
        sa.PrimaryKeyConstraint("ballot", "network", "what", "teller"),
    )
    op.create_table(
        "federated_paper_teller",
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ballot", "network", "person"),
    )
    op.create_table(
        "federated_pending",
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ballot", "network"),
    )
    op.create_table(
        "federated_recount_opening",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("auditor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("package_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "federated_words",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("teller", sa.Text(), nullable=False),
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", "teller"),
    )
    op.create_index("federated_words_of", "federated_words", ["teller"], unique=False)
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
        "refusal_count",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "reason"),
    )
    op.create_table(
        "register_mandate",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("begins", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("register_mandate_by_entity", "register_mandate", ["entity"], unique=False)
    op.create_index("register_mandate_by_person", "register_mandate", ["person"], unique=False)
    op.create_table(
        "register_member",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("left_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "register_person",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("worker", sa.Integer(), nullable=False),
        sa.Column("worker_since", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
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
        "roll",
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("frozen", sa.Integer(), nullable=False),
        sa.Column("frozen_at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ballot"),
    )
    op.create_table(
        "roll_act",
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ballot", "person"),
    )
    op.create_table(
        "roll_entry",
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("acts", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ballot", "place"),
        sa.UniqueConstraint("ballot", "voter"),
    )
    op.create_index("roll_entry_by_who_acts", "roll_entry", ["ballot", "acts"], unique=False)
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
        "step",
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision", "number"),
    )
    op.create_table(
        "ballot_issued",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("hour", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('online', 'paper', 'phone', 'proxy', 'urn', 'delegated')",
            name="issued_channel",
        ),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "voter"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballot_key",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballot_proxy",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("teller", sa.Text(), nullable=False),
        sa.CheckConstraint("giver <> holder", name="proxy_for_another"),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "giver"),
    )
    op.create_index("ballot_proxy_by_holder", "ballot_proxy", ["ballot_id", "holder"], unique=False)
    op.create_table(
        "ballot_slip",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("slip_id", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.CheckConstraint("length(slip_id) = 64 AND length(nonce) = 64", name="slip_is_nameless"),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "slip_id"),
        sa.UniqueConstraint("ballot_id", "nonce", name="slip_nonce_once"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballot_teller",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("named_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "person"),
    )
    op.create_table(
        "ballot_urn",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.CheckConstraint("place >= 0", name="urn_place_from_zero"),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "place"),
        sa.UniqueConstraint("ballot_id", "receipt", name="urn_receipt_once"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballot_word",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("word_id", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.CheckConstraint("length(word_id) = 64", name="word_is_nameless"),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "word_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "paper_entry",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("teller", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("channel IN ('paper', 'phone', 'urn')", name="entry_channel"),
        sa.CheckConstraint(
            "state IN ('waiting', 'differs', 'agreed', 'spoilt')", name="entry_state"
        ),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "subject", "teller"),
        sqlite_with_rowid=False,
    )
    op.create_index("paper_entry_by_state", "paper_entry", ["ballot_id", "state"], unique=False)
    op.create_table(
        "paper_mark",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("mark_id", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.CheckConstraint("length(mark_id) = 64", name="mark_is_nameless"),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "mark_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "roll_call",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "voter"),
    )
    op.create_table(
        "teller_note",
        sa.Column("ballot_id", sa.Text(), nullable=False),
        sa.Column("teller", sa.Text(), nullable=False),
        sa.Column("ticks", sa.Integer(), nullable=False),
        sa.Column("slips", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ballot_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("ballot_id", "teller"),
    )
    of_its_kind = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL
    for statement in of_its_kind:
        # A colon would name a parameter.
        op.execute(sa.text(statement.replace(":", r"\:")))
