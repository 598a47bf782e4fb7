"""Octavia's database: its own tables in a file, and rows as its API would have put them there."""

import uuid

from octavia.common import constants
from octavia.db import api, base_models, models, repositories

PROJECT = "c4a9f3d1e5b24e0f9f6d0a3b7c1d2e3f"

_LOOKUPS = (
    (constants.SUPPORTED_PROVISIONING_STATUSES, models.ProvisioningStatus),
    (constants.SUPPORTED_OPERATING_STATUSES, models.OperatingStatus),
    (constants.SUPPORTED_HEALTH_MONITOR_TYPES, models.HealthMonitorType),
    (constants.SUPPORTED_LB_ALGORITHMS, models.Algorithm),
    (constants.SUPPORTED_PROTOCOLS, models.Protocol),
    (constants.SUPPORTED_SP_TYPES, models.SessionPersistenceType),
    (constants.SUPPORTED_AMPHORA_ROLES, models.AmphoraRoles),
    (constants.SUPPORTED_LB_TOPOLOGIES, models.LBTopology),
    (constants.SUPPORTED_VRRP_AUTH, models.VRRPAuthMethod),
    (constants.SUPPORTED_L7RULE_TYPES, models.L7RuleType),
    (constants.SUPPORTED_L7RULE_COMPARE_TYPES, models.L7RuleCompareType),
    (constants.SUPPORTED_L7POLICY_ACTIONS, models.L7PolicyAction),
    (constants.SUPPORTED_CLIENT_AUTH_MODES, models.ClientAuthenticationMode),
)


def create():
    base_models.BASE.metadata.create_all(api.get_engine())
    session = api.get_session()
    with session.begin():
        for names, model in _LOOKUPS:
            for name in names:
                session.add(model(name=name))


def add(model, **columns):
    """Inserts a row. What every object of the API has is filled in. Returns its id, if it has one."""
    defaults = {
        "id": str(uuid.uuid4()),
        "project_id": PROJECT,
        "provisioning_status": constants.ACTIVE,
        "operating_status": constants.OFFLINE,
        "enabled": True,
    }
    known = {column.name for column in model.__table__.columns}
    row = {name: value for name, value in defaults.items() if name in known} | columns
    session = api.get_session()
    with session.begin():
        session.add(model(**row))
    return row.get("id")


def change(model, row_id, **columns):
    session = api.get_session()
    with session.begin():
        session.query(model).filter_by(id=row_id).update(columns)


def delete(model, **where):
    session = api.get_session()
    with session.begin():
        for row in session.query(model).filter_by(**where).all():
            session.delete(row)


def column(model, name, **where):
    """One column of the row that matches; None when no row does."""
    session = api.get_session()
    with session.begin():
        row = session.query(model).filter_by(**where).first()
        return None if row is None else getattr(row, name)


def operating_status(model, row_id):
    return column(model, "operating_status", id=row_id)


def _get(repository, row_id):
    session = api.get_session()
    with session.begin():
        return repository.get(session, id=row_id)


def load_balancer(row_id):
    """As a data model, which is what drivers take."""
    return _get(repositories.LoadBalancerRepository(), row_id)


def listener(row_id):
    return _get(repositories.ListenerRepository(), row_id)


def amphora(row_id):
    return _get(repositories.AmphoraRepository(), row_id)
