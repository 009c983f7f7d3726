"""The local control plane, Valkey, Git server and supervision under varde up."""
