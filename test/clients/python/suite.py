"""confluent-kafka against a broker: the commands that native.ts describes."""

import signal
import sys
import time
import traceback
import uuid

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

TIMEOUT = 30.0
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


class Checks:
    """Each method whose name starts with check_ is one check, in the order of the source."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self.topic = "python-" + uuid.uuid4().hex[:8]
        self.sent = []

    def run(self):
        for name, check in list(vars(Checks).items()):
            if not name.startswith("check_"):
                continue
            label = name.removeprefix("check_").replace("_", " ")
            try:
                check(self)
                print(f"ok - {label}")
            except Exception:
                print(f"not ok - {label}\n{traceback.format_exc()}")

    # Helpers

    def consumer(self, group="", **config):
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": group or "python-" + uuid.uuid4().hex[:8],
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                **config,
            }
        )

    def produce(self, topic, records, **config):
        """Returns (partition, offset) as acknowledged for each record, in the order of the records."""
        producer = Producer({"bootstrap.servers": self.bootstrap, **config})
        acknowledged = [None] * len(records)

        def delivered(index):
            def report(error, message):
                if error is not None:
                    raise KafkaException(error)
                acknowledged[index] = (message.partition(), message.offset())

            return report

        for index, record in enumerate(records):
            producer.produce(topic, on_delivery=delivered(index), **record)
            producer.poll(0)
        assert producer.flush(TIMEOUT) == 0, "not everything was acknowledged"
        assert None not in acknowledged
        return acknowledged

    def read(self, consumer, count):
        messages = []
        end = time.monotonic() + TIMEOUT
        while len(messages) < count:
            assert time.monotonic() < end, f"{len(messages)} of {count} records within {TIMEOUT} s"
            for message in consumer.consume(count - len(messages), timeout=0.2):
                if message.error():
                    raise KafkaException(message.error())
                messages.append(message)
        return messages

    def read_all(self, topic, count):
        consumer = self.consumer()
        try:
            consumer.subscribe([topic])
            return self.read(consumer, count)
        finally:
            consumer.close()

    def fails(self, code, body):
        try:
            body()
        except KafkaException as error:
            equal(error.args[0].code(), code)
        else:
            raise AssertionError(f"no error, where {code} was expected")

    # Topic administration

    def check_creates_a_topic(self):
        topic = NewTopic(self.topic, 3, 1, config={"retention.ms": "3600000"})
        self.admin.create_topics([topic])[self.topic].result(TIMEOUT)
        equal(len(self.admin.list_topics(self.topic, TIMEOUT).topics[self.topic].partitions), 3)

    def check_creating_it_again_says_that_it_exists(self):
        again = lambda: self.admin.create_topics([NewTopic(self.topic, 3, 1)])[self.topic].result(TIMEOUT)
        self.fails(KafkaError.TOPIC_ALREADY_EXISTS, again)

    def check_refuses_a_wrong_name_and_too_many_replicas(self):
        wrong = lambda: self.admin.create_topics([NewTopic("not a name", 1, 1)])["not a name"].result(TIMEOUT)
        self.fails(KafkaError.TOPIC_EXCEPTION, wrong)
        name = self.topic + "-replicas"
        many = lambda: self.admin.create_topics([NewTopic(name, 1, 9)])[name].result(TIMEOUT)
        self.fails(KafkaError.INVALID_REPLICATION_FACTOR, many)

    def check_validates_without_creating(self):
        name = self.topic + "-validated"
        self.admin.create_topics([NewTopic(name, 1, 1)], validate_only=True)[name].result(TIMEOUT)
        assert name not in self.admin.list_topics(timeout=TIMEOUT).topics

    def check_adds_partitions(self):
        self.admin.create_partitions([NewPartitions(self.topic, 4)])[self.topic].result(TIMEOUT)
        fewer = lambda: self.admin.create_partitions([NewPartitions(self.topic, 2)])[self.topic].result(TIMEOUT)
        self.fails(KafkaError.INVALID_PARTITIONS, fewer)

    def check_describes_topics_and_the_cluster(self):
        topics = self.admin.describe_topics(TopicCollection([self.topic]))
        description = topics[self.topic].result(TIMEOUT)
        equal(len(description.partitions), 4)
        cluster = self.admin.describe_cluster().result(TIMEOUT)
        equal(len(cluster.nodes), 1)
        equal(len(cluster.cluster_id), 22)
        equal(description.partitions[0].leader.id, cluster.nodes[0].id)

    def check_alters_and_describes_configs(self):
        resource = ConfigResource(ResourceType.TOPIC, self.topic)
        changes = [
            ConfigEntry("retention.ms", "7200000", incremental_operation=AlterConfigOpType.SET),
            ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND),
        ]
        altered = ConfigResource(ResourceType.TOPIC, self.topic, incremental_configs=changes)
        self.admin.incremental_alter_configs([altered])[resource].result(TIMEOUT)
        entries = self.admin.describe_configs([resource])[resource].result(TIMEOUT)
        equal(entries["retention.ms"].value, "7200000")
        assert not entries["retention.ms"].is_default
        equal(entries["cleanup.policy"].value, "delete,compact")
        assert entries["max.message.bytes"].is_default
        back = [ConfigEntry("cleanup.policy", "", incremental_operation=AlterConfigOpType.DELETE)]
        altered = ConfigResource(ResourceType.TOPIC, self.topic, incremental_configs=back)
        self.admin.incremental_alter_configs([altered])[resource].result(TIMEOUT)
        equal(self.admin.describe_configs([resource])[resource].result(TIMEOUT)["cleanup.policy"].value, "delete")

    # Produce and consume

    def check_produces_and_consumes_with_every_codec(self):
        for codec in CODECS:
            records = [
                dict(key=f"{codec}-{i}", value=f"value {i} " + "repeated " * 20, headers=[("codec", codec.encode())])
                for i in range(200)
            ]
            self.produce(self.topic, records, **{"compression.type": codec})
            self.sent += [record["key"] for record in records]
        messages = self.read_all(self.topic, len(self.sent))
        equal(sorted(message.key().decode() for message in messages), sorted(self.sent))
        for message in messages:
            codec, i = message.key().decode().split("-")
            equal(message.value().decode(), f"value {i} " + "repeated " * 20)
            equal(message.headers(), [("codec", codec.encode())])

    def check_produces_idempotently(self):
        records = [dict(key=f"idempotent-{i}", value="x") for i in range(2000)]
        places = self.produce(self.topic, records, **{"enable.idempotence": True, "linger.ms": 1})
        equal(len(set(places)), len(records))
        self.sent += [record["key"] for record in records]
        keys = [message.key().decode() for message in self.read_all(self.topic, len(self.sent))]
        equal(sorted(keys), sorted(self.sent))

    def check_produces_with_acks_0_and_1(self):
        for acks in ["0", "1"]:
            records = [dict(key=f"acks-{acks}-{i}", value="x") for i in range(100)]
            self.produce(self.topic, records, acks=acks)
            self.sent += [record["key"] for record in records]
        self.read_all(self.topic, len(self.sent))

    def check_keeps_timestamps_nulls_and_offsets(self):
        topic = self.topic + "-fields"
        self.admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(TIMEOUT)
        records = [dict(key=None, value=b"", timestamp=1_600_000_000_000), dict(key=b"", value=None)]
        equal(self.produce(topic, records), [(0, 0), (0, 1)])
        first, second = self.read_all(topic, 2)
        equal(first.timestamp()[1], 1_600_000_000_000)
        equal((first.key(), first.value(), second.key(), second.value()), (None, b"", b"", None))

    def check_says_that_a_record_is_too_large(self):
        large = [dict(value=b"x" * 2_000_000)]
        config = {"message.max.bytes": 3_000_000}
        self.fails(KafkaError.MSG_SIZE_TOO_LARGE, lambda: self.produce(self.topic, large, **config))

    # Positions

    def check_commits_and_resumes(self):
        group = self.topic + "-resume"
        first = self.consumer(group)
        first.subscribe([self.topic])
        before = self.read(first, 700)
        first.commit(asynchronous=False)
        first.close()
        second = self.consumer(group)
        second.subscribe([self.topic])
        after = self.read(second, len(self.sent) - 700)
        assert second.poll(0.5) is None
        equal(sorted(message.key().decode() for message in before + after), sorted(self.sent))
        partitions = [TopicPartition(self.topic, partition) for partition in range(4)]
        second.commit(asynchronous=False)
        committed = second.committed(partitions, TIMEOUT)
        equal(sum(partition.offset for partition in committed), len(self.sent))
        for partition in committed:
            equal((0, partition.offset), second.get_watermark_offsets(partition, TIMEOUT))
        second.close()

    def check_commits_metadata_beside_an_offset(self):
        consumer = self.consumer(self.topic + "-metadata")
        offset = TopicPartition(self.topic, 1, 7, metadata="seven")
        consumer.commit(offsets=[offset], asynchronous=False)
        (committed,) = consumer.committed([TopicPartition(self.topic, 1)], TIMEOUT)
        equal((committed.offset, committed.metadata), (7, "seven"))
        consumer.close()

    def check_seeks_by_time_and_by_offset(self):
        topic = self.topic + "-time"
        self.admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(TIMEOUT)
        self.produce(topic, [dict(value=str(i), timestamp=1_700_000_000_000 + 1000 * i) for i in range(100)])
        consumer = self.consumer()
        (found,) = consumer.offsets_for_times([TopicPartition(topic, 0, 1_700_000_042_500)], TIMEOUT)
        equal(found.offset, 43)
        (none,) = consumer.offsets_for_times([TopicPartition(topic, 0, 1_800_000_000_000)], TIMEOUT)
        equal(none.offset, OFFSET_END)
        consumer.assign([found])
        equal(self.read(consumer, 1)[0].value(), b"43")
        consumer.seek(TopicPartition(topic, 0, 97))
        equal([message.value() for message in self.read(consumer, 3)], [b"97", b"98", b"99"])
        consumer.seek(TopicPartition(topic, 0, OFFSET_BEGINNING))
        equal(self.read(consumer, 1)[0].offset(), 0)
        consumer.close()

    def check_an_offset_out_of_range_is_reset_by_policy(self):
        consumer = self.consumer(**{"auto.offset.reset": "error"})
        consumer.assign([TopicPartition(self.topic, 0, 10**9)])
        self.fails(KafkaError._AUTO_OFFSET_RESET, lambda: self.read(consumer, 1))
        consumer.close()

    def check_lists_offsets(self):
        partition = TopicPartition(self.topic + "-time", 0)
        specs = [
            (OffsetSpec.earliest(), 0),
            (OffsetSpec.latest(), 100),
            (OffsetSpec.max_timestamp(), 99),
            (OffsetSpec.for_timestamp(1_700_000_010_000), 10),
        ]
        for spec, expected in specs:
            for isolation in [IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED]:
                listed = self.admin.list_offsets({partition: spec}, isolation_level=isolation)
                equal(listed[partition].result(TIMEOUT).offset, expected)

    def check_deletes_records(self):
        topic = self.topic + "-time"
        deleted = self.admin.delete_records([TopicPartition(topic, 0, 30)])
        equal(deleted[TopicPartition(topic, 0)].result(TIMEOUT).low_watermark, 30)
        consumer = self.consumer()
        equal(consumer.get_watermark_offsets(TopicPartition(topic, 0), TIMEOUT), (30, 100))
        consumer.assign([TopicPartition(topic, 0, 3)])
        equal(self.read(consumer, 1)[0].offset(), 30)
        consumer.close()
        beyond = lambda: self.admin.delete_records([TopicPartition(topic, 0, 1000)])[TopicPartition(topic, 0)].result()
        self.fails(KafkaError.OFFSET_OUT_OF_RANGE, beyond)

    # Groups

    def check_a_static_member_comes_back_to_its_partitions(self):
        group = self.topic + "-static"
        config = {"group.instance.id": "one", "session.timeout.ms": 20_000}
        first = self.consumer(group, **config)
        first.subscribe([self.topic])
        self.read(first, 1)
        member = first.memberid()
        first.close()  # a static member does not leave
        described = self.admin.describe_consumer_groups([group])[group].result(TIMEOUT)
        equal([(member.group_instance_id, member.member_id) for member in described.members], [("one", member)])
        second = self.consumer(group, **config)
        second.subscribe([self.topic])
        self.read(second, 1)
        described = self.admin.describe_consumer_groups([group])[group].result(TIMEOUT)
        equal([member.member_id for member in described.members], [second.memberid()])
        assert second.memberid() != member
        second.close()

    def check_lists_describes_and_alters_groups(self):
        group = self.topic + "-resume"
        listed = self.admin.list_consumer_groups().result(TIMEOUT)
        assert group in [valid.group_id for valid in listed.valid]
        description = self.admin.describe_consumer_groups([group])[group].result(TIMEOUT)
        equal((description.state.name, description.members), ("EMPTY", []))
        offsets = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        equal(sum(partition.offset for partition in offsets[group].result(TIMEOUT).topic_partitions), len(self.sent))
        change = ConsumerGroupTopicPartitions(group, [TopicPartition(self.topic, 0, 5)])
        self.admin.alter_consumer_group_offsets([change])[group].result(TIMEOUT)
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(self.topic, 0)])
        offsets = self.admin.list_consumer_group_offsets([asked])
        equal([partition.offset for partition in offsets[group].result(TIMEOUT).topic_partitions], [5])

    def check_refuses_to_delete_a_group_that_has_members(self):
        group = self.topic + "-live"
        consumer = self.consumer(group)
        consumer.subscribe([self.topic])
        self.read(consumer, 1)
        delete = lambda: self.admin.delete_consumer_groups([group])[group].result(TIMEOUT)
        self.fails(KafkaError.NON_EMPTY_GROUP, delete)
        consumer.close()
        delete()
        self.fails(KafkaError.GROUP_ID_NOT_FOUND, delete)

    def check_commits_and_aborts_transactions(self):
        topic = self.topic + "-transactions"
        create_topic(self.bootstrap, topic, 2)
        producer = self.transactional("commits")
        for number in range(4):
            producer.begin_transaction()
            for partition in (0, 1):
                producer.produce(topic, b"%d" % number, partition=partition)
            producer.commit_transaction(TIMEOUT) if number % 2 == 0 else producer.abort_transaction(TIMEOUT)
        committed = self.read_all(topic, 4)
        equal(sorted(message.value() for message in committed), [b"0", b"0", b"2", b"2"])

    def check_commits_offsets_in_transactions(self):
        group = self.topic + "-exactly-once"
        topic = self.topic + "-transactions"
        consumer = self.consumer(group)
        consumer.subscribe([topic])
        self.read(consumer, 1)
        producer = self.transactional("offsets")
        for offset, end in ((3, producer.commit_transaction), (4, producer.abort_transaction)):
            producer.begin_transaction()
            offsets = [TopicPartition(topic, 0, offset)]
            producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), TIMEOUT)
            end(TIMEOUT)
        equal(consumer.committed([TopicPartition(topic, 0)], TIMEOUT)[0].offset, 3)
        consumer.close()

    def check_shuts_out_the_producer_before(self):
        topic = self.topic + "-transactions"
        old = self.transactional("zombie")
        old.begin_transaction()
        old.produce(topic, b"of the zombie")
        self.transactional("zombie")
        self.fails(KafkaError._FENCED, lambda: old.commit_transaction(TIMEOUT))

    def transactional(self, name):
        transactional_id = self.topic + "-" + name
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": transactional_id})
        producer.init_transactions(TIMEOUT)
        return producer

    def check_deletes_topics(self):
        for name in [self.topic, self.topic + "-time", self.topic + "-fields"]:
            self.admin.delete_topics([name])[name].result(TIMEOUT)
        gone = lambda: self.admin.delete_topics([self.topic])[self.topic].result(TIMEOUT)
        self.fails(KafkaError.UNKNOWN_TOPIC_OR_PART, gone)


def equal(actual, expected):
    assert actual == expected, f"{actual!r}, not {expected!r}"


def create_topic(bootstrap, topic, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, int(partitions), 1)])[topic].result(TIMEOUT)


def produce(bootstrap, topic, count):
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    partitions = len(producer.list_topics(topic, TIMEOUT).topics[topic].partitions)
    for i in range(int(count)):
        producer.produce(topic, value=str(i), partition=i % partitions)
    assert producer.flush(TIMEOUT) == 0


def membership(strategy):
    """`consumer` is the protocol of KIP-848, whose timeouts the broker decides."""
    if strategy == "consumer":
        return {"group.protocol": "consumer"}
    return {
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 500,
        "partition.assignment.strategy": strategy,
    }


def member(bootstrap, group, topic, strategy):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": 200,
            **membership(strategy),
        }
    )
    running = True

    def stop(*_):
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    assigned = None
    consumer.subscribe([topic])
    while running:
        message = consumer.poll(0.1)
        now = sorted(partition.partition for partition in consumer.assignment())
        if now != assigned:
            assigned = now
            print("assigned " + ",".join(map(str, assigned)))
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        print(f"read {message.partition()}:{message.offset()}")
    consumer.close()


if __name__ == "__main__":
    command, bootstrap, *rest = sys.argv[1:]
    if command == "list":
        Checks(bootstrap).run()
    else:
        {"topic": create_topic, "produce": produce, "member": member}[command](bootstrap, *rest)
