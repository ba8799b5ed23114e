"""TLS as the tests need it: any certificate will do, since no test here is about trust."""
import ssl


def unverified(*protocols):
    """A client's context that accepts any certificate; `protocols` are offered by ALPN."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    return context
