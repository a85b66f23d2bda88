"""/v1/sites: which wells there are, and how each stands."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection

from karez_gateway.api import models, siteview
from karez_gateway.api.access import Caller, Ours, Served
from karez_gateway.api.answers import document
from karez_gateway.api.asked import PAGE_DEFAULT, InCalendar, Limit, only_known
from karez_gateway.api.problems import no_such_site
from karez_gateway.api.siteview import WORDS, SiteView
from karez_gateway.api.tokens import Token
from karez_gateway.calendars import Calendar
from karez_gateway.data import SERVICE
from karez_gateway.service import servicestate
from karez_gateway.store import sites

router = APIRouter(dependencies=[Depends(only_known)])

SITE_MAX = 64  # characters; a binding's site has 16 bytes

SiteName = Annotated[str, Path(max_length=SITE_MAX, description="Name of the site, as bindings have it.")]


def allowed(connection: Connection, token: Token, site: str) -> str:
    """The site, if it is there and the token opens it. Raises Problem, the same one for both."""
    # PostgreSQL refuses a text with a zero in it; no site has one.
    if not token.scope.allows(site) or "\0" in site or not sites.exists(connection, site):
        raise no_such_site()
    return site


def presence(ours: Served) -> dict[str, Any]:
    """What the running service heard last of each controller."""
    facts = servicestate.read(ours.config.data / SERVICE)
    return dict(facts.get("presence", {})) if servicestate.is_running(facts) else {}


def site_answer(view: SiteView, civil: Calendar) -> models.Site:
    """A site as it is answered."""
    english, chinese = WORDS[view.state]
    return models.Site(
        site=view.site,
        state=view.state,
        state_en=english,
        state_zh=chinese,
        controller=view.controller,
        use=view.use,
        last_seen=models.at_or_none(civil, view.last_seen_utc_s),
        last_record=models.at_or_none(civil, view.last_record_utc_s),
        is_online=view.is_online,
        stored_seq=view.stored_seq,
        top_seq=view.top_seq,
        missing_records=view.missing_records,
        unjudged_records=view.unjudged_records,
        verified_seq=view.verified_seq,
        verified_to=models.at_or_none(civil, view.verified_to_utc_s),
        covered_seq=view.covered_seq,
        well_register_l=view.volume_l,
    )


@router.get("/v1/sites", response_model=models.Sites, summary="Wells of this token, by name")
def list_sites(
    request: Request,
    token: Caller,
    ours: Ours,
    civil: InCalendar,
    after: Annotated[str, Query(max_length=SITE_MAX, description="`next` of the page before.")] = "",
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    """A page of wells; `next` leads to the following one."""
    heard, now_s = presence(ours), ours.now()
    with ours.store.reading() as connection:
        named = sites.names(connection, after.replace("\0", ""), limit + 1, token.scope.sites)
        found = [siteview.of_site(connection, one, heard, now_s) for one in named[:limit]]
    following = named[limit - 1] if len(named) > limit else None
    return document(request, models.Sites(sites=[site_answer(one, civil) for one in found], next=following))


def one_site(request: Request, token: Caller, ours: Ours, civil: InCalendar, site: SiteName) -> Response:
    """When it was last heard, what is missing, up to where it is verified."""
    with ours.store.reading() as connection:
        allowed(connection, token, site)
        found = siteview.of_site(connection, site, presence(ours), ours.now())
    return document(request, site_answer(found, civil))


def add_one_site(to: APIRouter) -> None:
    """Register the one route that would also fit all below it: after them."""
    to.add_api_route(
        "/v1/sites/{site:path}",
        one_site,
        methods=["GET"],
        response_model=models.Site,
        summary="How a well stands",
        dependencies=[Depends(only_known)],
    )
