"""What the three made-up providers sell: services and SKUs with list prices, in FOCUS words."""

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

PRICE_QUANTUM = Decimal("1E-10")


@dataclass(frozen=True)
class Provider:
    """One provider and how its export looks.

    Attributes:
        slug: the export's name and folder: "aws", "azure" or "gcp".
        focus_version: "1.0" or "1.2".
        currency: ISO 4217 code that every row is billed in.
        discount: negotiated, as a fraction of the list price.
        tax_rate: as a fraction of the invoice.
        tax_by_sub_account: whether Tax rows name a sub-account, as AWS does.
    """

    slug: str
    focus_version: str
    name: str
    invoice_issuer: str
    billing_account_id: str
    billing_account_type: str
    sub_account_type: str
    currency: str
    discount: Decimal
    tax_rate: Decimal
    tax_by_sub_account: bool
    home_region: tuple[str, str]
    other_region: tuple[str, str]


@dataclass(frozen=True)
class Sku:
    """One thing with a price; `list_unit_price` is per `unit`, in the provider's currency.

    `committed_unit_price` is what a unit costs once a commitment discount covers it; None means it never does.
    """

    meter: str
    unit: str
    list_unit_price: Decimal
    resource_type: str
    committed_unit_price: Decimal | None = None

    @property
    def sku_id(self) -> str:
        """Stable and the same for every account, as FOCUS asks of SkuId."""
        return sha256(f"{self.meter}/{self.unit}".encode()).hexdigest()[:16].upper()

    def contracted_unit_price(self, discount: Decimal) -> Decimal:
        """The list price less the negotiated `discount` (a fraction), per unit."""
        return (self.list_unit_price * (1 - discount)).quantize(PRICE_QUANTUM).normalize()


@dataclass(frozen=True)
class Service:
    """A provider's service in the category and subcategory of the FOCUS specification."""

    name: str
    category: str
    subcategory: str
    namespace: str
    skus: tuple[Sku, ...]


AWS = Provider(
    slug="aws",
    focus_version="1.2",
    name="AWS",
    invoice_issuer="Amazon Web Services EMEA SARL",
    billing_account_id="283746501928",
    billing_account_type="Management Account",
    sub_account_type="Linked Account",
    currency="USD",
    discount=Decimal("0.07"),
    tax_rate=Decimal("0.19"),
    tax_by_sub_account=True,
    home_region=("eu-central-1", "Europe (Frankfurt)"),
    other_region=("eu-west-1", "Europe (Ireland)"),
)
AZURE = Provider(
    slug="azure",
    focus_version="1.0",
    name="Microsoft",
    invoice_issuer="Microsoft",
    billing_account_id="/providers/Microsoft.Billing/billingAccounts/7c61d0e2-5b0f-4a39-8e44-19f2a6b3d857",
    billing_account_type="Billing Profile",
    sub_account_type="Subscription",
    currency="EUR",
    discount=Decimal("0.05"),
    tax_rate=Decimal("0.19"),
    tax_by_sub_account=False,
    home_region=("germanywestcentral", "Germany West Central"),
    other_region=("westeurope", "West Europe"),
)
GCP = Provider(
    slug="gcp",
    focus_version="1.0",
    name="Google Cloud",
    invoice_issuer="Google Cloud EMEA Limited",
    billing_account_id="01B7C9-44D2E8-9A03F6",
    billing_account_type="Billing Account",
    sub_account_type="Project",
    currency="USD",
    discount=Decimal("0.085"),
    tax_rate=Decimal("0.19"),
    tax_by_sub_account=False,
    home_region=("europe-west3", "Frankfurt"),
    other_region=("europe-west1", "Belgium"),
)
PROVIDERS: dict[str, Provider] = {provider.slug: provider for provider in (AWS, AZURE, GCP)}


def _sku(meter: str, unit: str, price: str, resource_type: str, committed: str | None = None) -> Sku:
    return Sku(meter, unit, Decimal(price), resource_type, None if committed is None else Decimal(committed))


SAVINGS_PLAN_SKU = _sku("Compute Savings Plan, 1 year, no upfront", "Hours", "1", "savings-plan")
RUNAWAYS = (
    ("bedrock", _sku("Model customization", "Hours", "37.688", "custom-model")),
    ("ebs", _sku("Fast snapshot restore, 50 snapshots", "Hours", "37.688", "snapshot")),
    ("ec2", _sku("p4d.24xlarge on demand", "Hours", "37.688", "instance")),
    ("sagemaker", _sku("ml.p4d.24xlarge training", "Hours", "37.688", "training-job")),
    ("s3", _sku("Glacier bulk retrieval", "TB", "37.688", "bucket")),
)
"""Services and what runs away in them, one after the other each month: five months apart nothing recurs."""

_COMPUTE = ("Compute", "Virtual Machines")
_OBJECTS = ("Storage", "Object Storage")
_SQL = ("Databases", "Relational Databases")
_WATCH = ("Management and Governance", "Observability")

AWS_SERVICES: dict[str, Service] = {
    "ec2": Service(
        "Amazon Elastic Compute Cloud", *_COMPUTE, "ec2",
        (
            _sku("m6i.2xlarge on demand", "Hours", "0.46", "instance"),
            _sku("c6i.4xlarge on demand", "Hours", "0.776", "instance"),
        ),
    ),
    # The same service again: the steady base load, all of it under the savings plan.
    "ec2-base": Service(
        "Amazon Elastic Compute Cloud", *_COMPUTE, "ec2",
        (_sku("r6i.2xlarge on demand", "Hours", "0.608", "instance", committed="0.4012"),),
    ),
    "ebs": Service(
        "Amazon Elastic Block Store", "Storage", "Block Storage", "ec2",
        (_sku("gp3 storage", "GB-Months", "0.0952", "volume"),),
    ),
    "s3": Service(
        "Amazon Simple Storage Service", *_OBJECTS, "s3",
        (
            _sku("Standard storage", "GB-Months", "0.0245", "bucket"),
            _sku("GET requests", "Requests", "0.00000043", "bucket"),
        ),
    ),
    "rds": Service(
        "Amazon Relational Database Service", *_SQL, "rds",
        (_sku("db.r6g.2xlarge Multi-AZ", "Hours", "2.232", "db"),),
    ),
    "dynamodb": Service(
        "Amazon DynamoDB", "Databases", "NoSQL Databases", "dynamodb",
        (_sku("Write request units", "Requests", "0.0000015230", "table"),),
    ),
    "redis": Service(
        "Amazon ElastiCache", "Databases", "Caching", "elasticache",
        (_sku("cache.r6g.large", "Hours", "0.247", "cluster"),),
    ),
    "lambda": Service(
        "AWS Lambda", "Compute", "Serverless Compute", "lambda",
        (_sku("Duration", "GB-Seconds", "0.0000166667", "function"),),
    ),
    "opensearch": Service(
        "Amazon OpenSearch Service", "Analytics", "Search", "es",
        (_sku("r6g.2xlarge.search", "Hours", "0.804", "domain"),),
    ),
    "glue": Service(
        "AWS Glue", "Analytics", "Data Processing", "glue",
        (_sku("ETL job", "DPU-Hours", "0.44", "job"),),
    ),
    "redshift": Service(
        "Amazon Redshift", "Databases", "Data Warehouses", "redshift",
        (_sku("ra3.4xlarge", "Hours", "3.894", "cluster"),),
    ),
    "sagemaker": Service(
        "Amazon SageMaker", "AI and Machine Learning", "Machine Learning", "sagemaker",
        (
            _sku("ml.g5.2xlarge training", "Hours", "1.894", "training-job"),
            _sku("ml.g5.xlarge hosting", "Hours", "1.7597", "endpoint"),
        ),
    ),
    "bedrock": Service(
        "Amazon Bedrock", "AI and Machine Learning", "Generative AI", "bedrock",
        (_sku("Output tokens", "1000 Tokens", "0.0150", "inference-profile"),),
    ),
    "cloudfront": Service(
        "Amazon CloudFront", "Networking", "Content Delivery", "cloudfront",
        (_sku("Data transfer out, Europe", "GB", "0.085", "distribution"),),
    ),
    "cloudwatch": Service(
        "Amazon CloudWatch", *_WATCH, "logs",
        (_sku("Log ingestion", "GB", "0.63", "log-group"),),
    ),
}  # fmt: skip

AZURE_SERVICES: dict[str, Service] = {
    "vm": Service(
        "Virtual Machines", *_COMPUTE, "Microsoft.Compute",
        (_sku("D4s v5", "Hours", "0.2140", "virtualMachines"), _sku("E8s v5", "Hours", "0.5610", "virtualMachines")),
    ),
    "blob": Service(
        "Storage Accounts", *_OBJECTS, "Microsoft.Storage",
        (
            _sku("Hot LRS data stored", "GB-Months", "0.0177", "storageAccounts"),
            _sku("Hot read operations", "Operations", "0.00000041", "storageAccounts"),
        ),
    ),
    "sql": Service(
        "Azure SQL Database", *_SQL, "Microsoft.Sql",
        (_sku("General Purpose vCore", "Hours", "0.2271", "servers"),),
    ),
    "monitor": Service(
        "Azure Monitor", *_WATCH, "Microsoft.OperationalInsights",
        (_sku("Analytics logs ingestion", "GB", "2.5840", "workspaces"),),
    ),
}  # fmt: skip

GCP_SERVICES: dict[str, Service] = {
    "gce": Service(
        "Compute Engine", *_COMPUTE, "compute",
        (_sku("N2 instance core", "Hours", "0.040677", "instances"),),
    ),
    "gke": Service(
        "Kubernetes Engine", "Compute", "Containers", "container",
        (_sku("Autopilot pod vCPU", "Hours", "0.0573", "clusters"),),
    ),
    "bigquery": Service(
        "BigQuery", "Databases", "Data Warehouses", "bigquery",
        (
            _sku("Enterprise edition slots", "Hours", "0.0660", "reservations"),
            _sku("Active logical storage", "GiB-Months", "0.023", "datasets"),
        ),
    ),
    "dataflow": Service(
        "Cloud Dataflow", "Analytics", "Data Processing", "dataflow",
        (_sku("Streaming vCPU", "Hours", "0.0828", "jobs"),),
    ),
    "vertex": Service(
        "Vertex AI", "AI and Machine Learning", "AI Platforms", "aiplatform",
        (_sku("Online prediction, g2-standard-8", "Hours", "1.0981", "endpoints"),),
    ),
    "run": Service(
        "Cloud Run", "Compute", "Serverless Compute", "run",
        (_sku("vCPU allocation", "Seconds", "0.000024", "services"),),
    ),
    "gcs": Service(
        "Cloud Storage", *_OBJECTS, "storage",
        (
            _sku("Standard storage", "GiB-Months", "0.023", "buckets"),
            _sku("Class B operations", "Operations", "0.0000004", "buckets"),
        ),
    ),
    "firestore": Service(
        "Firestore", "Databases", "NoSQL Databases", "firestore",
        (_sku("Document reads", "Operations", "0.00000039", "databases"),),
    ),
}  # fmt: skip
SERVICES: dict[str, dict[str, Service]] = {"aws": AWS_SERVICES, "azure": AZURE_SERVICES, "gcp": GCP_SERVICES}
