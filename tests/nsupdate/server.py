"""nsupdate's own Django application behind TLS, with one host in its database.

Not a part of nicup: it only starts the package from PyPI. tests/nsupdate/run runs it and sets the environment.
"""

import os
import ssl
import sys
import types
from wsgiref.simple_server import WSGIRequestHandler, make_server

folder = os.environ["FOLDER"]
os.chdir(folder)
os.environ["SECRET_KEY"] = "only for this test"
settings = types.ModuleType("nicup_test_settings")
exec("from nsupdate.settings.base import *", settings.__dict__)
settings.DEBUG = False
settings.ALLOWED_HOSTS = ["localhost"]
settings.BASEDOMAIN = os.environ["ZONE"]
settings.WWW_HOST = settings.WWW_IPV4_HOST = settings.WWW_IPV6_HOST = "localhost"
settings.WE_HAVE_TLS = True
settings.NAMESERVERS = ["127.0.0.1"]
settings.DATABASES["default"]["NAME"] = os.path.join(folder, "nsupdate.sqlite")
sys.modules["nicup_test_settings"] = settings
os.environ["DJANGO_SETTINGS_MODULE"] = "nicup_test_settings"

import django  # noqa: E402

django.setup()
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from nsupdate.main.models import Domain, Host  # noqa: E402

call_command("migrate", verbosity=0)
user = User.objects.create_user("tester", "tester@example.net", "unused")
domain = Domain.objects.create(
    name=os.environ["ZONE"],
    nameserver_ip="127.0.0.1",
    nameserver_update_secret=os.environ["TSIG"],
    nameserver_update_algorithm="HMAC_SHA512",
    available=True,
    created_by=user,
)
host = Host(name=os.environ["HOST"], domain=domain, created_by=user)
host.save()
host.generate_secret(os.environ["SECRET"])


class Handler(WSGIRequestHandler):
    def log_message(self, format, *arguments):
        print(format % arguments, flush=True)


server = make_server("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application(), handler_class=Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
server.socket = context.wrap_socket(server.socket, server_side=True)
open(os.path.join(folder, "ready"), "w").close()
server.serve_forever()
