"""A single amphora's life, as docs/contract/rest-api.md, 3.5 gives it."""

import health
import steps_change
import steps_http
import steps_lvs
import steps_plug
import steps_tls
from world import World


def tell(report, cloud):
    world = World(report, cloud)
    with health.manager(cloud.directory):
        steps_plug.tell(world)
        steps_http.tell(world)
        steps_lvs.tell(world)
        steps_tls.tell(world)
        steps_change.tell(world)
