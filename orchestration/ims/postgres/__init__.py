"""The PostgreSQL connector: the IMS's own database, read in one transaction."""

from orchestration.ims.postgres.connector import PostgresConnector

__all__ = ["PostgresConnector"]
