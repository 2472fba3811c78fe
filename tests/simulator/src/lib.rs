//! A No-IP dynamic DNS server for tests.
