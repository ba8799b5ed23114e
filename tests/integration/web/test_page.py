"""A newcomer at the page, in Chromium: the scenario that every build runs."""
from kithtest.browser import Scenario


def test_from_the_invitation_to_the_first_message(make_server):
    server = make_server()
    link = server.invite_link()
    print(Scenario(server).play("first", invite=link, secret=link.partition("=")[2]))
