package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// checks holds what the checks hand on: they run in the order of the table in list.
type checks struct {
	bootstrap string
	client    *kgo.Client
	admin     *kadm.Client
	topic     string
	sent      map[string]bool
}

func list(bootstrap string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	exitOn(err)
	defer client.Close()
	c := &checks{
		bootstrap: bootstrap,
		client:    client,
		admin:     kadm.NewClient(client),
		topic:     fmt.Sprintf("go-%x", time.Now().UnixMilli()),
		sent:      map[string]bool{},
	}
	for _, check := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"asks for versions, brokers and the cluster", c.cluster},
		{"creates a topic, once", c.creates},
		{"refuses a wrong name and too many replicas", c.refuses},
		{"adds partitions", c.addsPartitions},
		{"alters and describes configs", c.configs},
		{"produces and consumes with every codec", c.codecs},
		{"produces with acks 0 and 1, without idempotence", c.acks},
		{"keeps keys, headers, timestamps and nulls", c.fields},
		{"says that a record is too large", c.tooLarge},
		{"lists offsets by time", c.offsetsByTime},
		{"seeks by time", c.seeks},
		{"deletes records", c.deletesRecords},
		{"asks for the end offset of an epoch", c.epochs},
		{"commits and resumes", c.resumes},
		{"lists, describes and alters groups", c.groups},
		{"a static member comes back to its partitions", c.static},
		{"describes log directories and producers", c.describes},
		{"commits and aborts transactions", c.transactions},
		{"consumes, transforms and produces in transactions", c.exactlyOnce},
		{"shuts out the producer before", c.fences},
		{"deletes offsets, groups and topics", c.deletes},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		if err := check.run(ctx); err != nil {
			fmt.Printf("not ok - %s\n%v\n", check.name, err)
		} else {
			fmt.Printf("ok - %s\n", check.name)
		}
		cancel()
	}
}

func equal[T comparable](what string, actual, expected T) error {
	if actual != expected {
		return fmt.Errorf("%s: %v, not %v", what, actual, expected)
	}
	return nil
}

func fails(actual, expected error) error {
	if !errors.Is(actual, expected) {
		return fmt.Errorf("error %v, not %v", actual, expected)
	}
	return nil
}

func (c *checks) produce(ctx context.Context, records []*kgo.Record, options ...kgo.Opt) error {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.bootstrap)}, options...)...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.ProduceSync(ctx, records...).FirstErr()
}

// read polls until it has that many records, or the context's end.
func (c *checks) read(ctx context.Context, count int, options ...kgo.Opt) ([]*kgo.Record, error) {
	options = append([]kgo.Opt{kgo.SeedBrokers(c.bootstrap), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, options...)
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return readWith(ctx, client, count)
}

func readWith(ctx context.Context, client *kgo.Client, count int) ([]*kgo.Record, error) {
	var records []*kgo.Record
	for len(records) < count {
		fetches := client.PollRecords(ctx, count-len(records))
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("after %d of %d records: %w", len(records), count, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records, nil
}

func (c *checks) cluster(ctx context.Context) error {
	metadata, err := c.admin.BrokerMetadata(ctx)
	if err != nil {
		return err
	}
	versions, err := c.admin.ApiVersions(ctx)
	if err != nil {
		return err
	}
	node := versions[metadata.Brokers[0].NodeID]
	highest, _ := node.KeyMaxVersion(0)
	return errors.Join(
		equal("brokers", len(metadata.Brokers), 1),
		equal("length of the cluster id", len(metadata.Cluster), 22),
		equal("highest Produce version", highest, 13),
	)
}

func (c *checks) creates(ctx context.Context) error {
	retention := "3600000"
	created, err := c.admin.CreateTopic(ctx, 3, 1, map[string]*string{"retention.ms": &retention}, c.topic)
	if err != nil {
		return err
	}
	_, again := c.admin.CreateTopic(ctx, 3, 1, nil, c.topic)
	return errors.Join(
		equal("partitions", created.NumPartitions, 3),
		equal("retention.ms", *created.Configs["retention.ms"].Value, retention),
		fails(again, kerr.TopicAlreadyExists),
	)
}

func (c *checks) refuses(ctx context.Context) error {
	_, name := c.admin.CreateTopic(ctx, 1, 1, nil, "not a name")
	_, replicas := c.admin.CreateTopic(ctx, 1, 9, nil, c.topic+"-replicas")
	soon := "soon"
	_, config := c.admin.CreateTopic(ctx, 1, 1, map[string]*string{"retention.ms": &soon}, c.topic+"-config")
	validated, err := c.admin.ValidateCreateTopics(ctx, 1, 1, nil, c.topic+"-validated")
	if err == nil {
		err = validated.Error()
	}
	topics, listError := c.admin.ListTopics(ctx)
	return errors.Join(
		fails(name, kerr.InvalidTopicException),
		fails(replicas, kerr.InvalidReplicationFactor),
		fails(config, kerr.InvalidConfig),
		err,
		listError,
		equal("a topic that was only validated is there", topics.Has(c.topic+"-validated"), false),
	)
}

func (c *checks) addsPartitions(ctx context.Context) error {
	more, err := c.admin.UpdatePartitions(ctx, 4, c.topic)
	if err != nil {
		return err
	}
	fewer, err := c.admin.UpdatePartitions(ctx, 2, c.topic)
	if err != nil {
		return err
	}
	topics, err := c.admin.ListTopics(ctx, c.topic)
	if err != nil {
		return err
	}
	return errors.Join(
		more.Error(),
		fails(fewer.Error(), kerr.InvalidPartitions),
		equal("partitions", len(topics[c.topic].Partitions), 4),
	)
}

func (c *checks) configs(ctx context.Context) error {
	value := func() (string, error) {
		described, err := c.admin.DescribeTopicConfigs(ctx, c.topic)
		if err != nil {
			return "", err
		}
		resource, err := described.On(c.topic, nil)
		if err != nil {
			return "", err
		}
		at := slices.IndexFunc(resource.Configs, func(config kadm.Config) bool { return config.Key == "retention.ms" })
		return fmt.Sprint(resource.Configs[at].MaybeValue(), " ", resource.Configs[at].Source), nil
	}
	before, err := value()
	if err != nil {
		return err
	}
	two := "7200000"
	set, err := c.admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &two}}, c.topic)
	if err != nil {
		return err
	}
	between, err := value()
	if err != nil {
		return err
	}
	// The old AlterConfigs replaces all of a topic's configs.
	none, err := c.admin.AlterTopicConfigsState(ctx, []kadm.AlterConfig{{Name: "segment.bytes", Value: &two}}, c.topic)
	if err != nil {
		return err
	}
	after, err := value()
	return errors.Join(
		err,
		set[0].Err,
		none[0].Err,
		equal("as created", before, "3600000 DYNAMIC_TOPIC_CONFIG"),
		equal("as altered", between, "7200000 DYNAMIC_TOPIC_CONFIG"),
		equal("as replaced", after, "604800000 DEFAULT_CONFIG"),
	)
}

func (c *checks) codecs(ctx context.Context) error {
	for name, codec := range map[string]kgo.CompressionCodec{
		"none":   kgo.NoCompression(),
		"gzip":   kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(),
		"lz4":    kgo.Lz4Compression(),
		"zstd":   kgo.ZstdCompression(),
	} {
		var records []*kgo.Record
		for i := range 200 {
			key := fmt.Sprintf("%s-%d", name, i)
			value := []byte(key + strings.Repeat(" repeated", 20))
			records = append(records, &kgo.Record{Topic: c.topic, Key: []byte(key), Value: value})
			c.sent[key] = true
		}
		if err := c.produce(ctx, records, kgo.ProducerBatchCompression(codec)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return c.readsAllSent(ctx)
}

func (c *checks) readsAllSent(ctx context.Context) error {
	records, err := c.read(ctx, len(c.sent), kgo.ConsumeTopics(c.topic))
	if err != nil {
		return err
	}
	return c.allSent(records)
}

func (c *checks) allSent(records []*kgo.Record) error {
	read := map[string]bool{}
	for _, record := range records {
		key := string(record.Key)
		if !c.sent[key] || read[key] || !bytes.HasPrefix(record.Value, record.Key) {
			return fmt.Errorf("read %s at %d:%d, twice or never sent so", key, record.Partition, record.Offset)
		}
		read[key] = true
	}
	return equal("records", len(read), len(c.sent))
}

func (c *checks) acks(ctx context.Context) error {
	for name, acks := range map[string]kgo.Acks{"none": kgo.NoAck(), "leader": kgo.LeaderAck()} {
		var records []*kgo.Record
		for i := range 100 {
			key := fmt.Sprintf("acks-%s-%d", name, i)
			records = append(records, &kgo.Record{Topic: c.topic, Key: []byte(key), Value: []byte(key)})
			c.sent[key] = true
		}
		if err := c.produce(ctx, records, kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return c.readsAllSent(ctx)
}

func (c *checks) fields(ctx context.Context) error {
	topic := c.topic + "-fields"
	if err := createTopic(c.bootstrap, topic, 1); err != nil {
		return err
	}
	at := time.UnixMilli(1_600_000_000_000)
	sent := []*kgo.Record{
		{Topic: topic, Timestamp: at, Value: []byte{}, Headers: []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a"}}},
		{Topic: topic, Timestamp: at.Add(time.Second), Key: []byte{}},
	}
	if err := c.produce(ctx, sent); err != nil {
		return err
	}
	read, err := c.read(ctx, 2, kgo.ConsumeTopics(topic))
	if err != nil {
		return err
	}
	return errors.Join(
		equal("first timestamp", read[0].Timestamp.UnixMilli(), at.UnixMilli()),
		equal("first key is null", read[0].Key == nil, true),
		equal("first value is null", read[0].Value == nil, false),
		equal("headers", fmt.Sprint(read[0].Headers), "[{a [49]} {a []}]"),
		equal("second key is null", read[1].Key == nil, false),
		equal("second value is null", read[1].Value == nil, true),
		equal("second offset", read[1].Offset, 1),
	)
}

func (c *checks) tooLarge(ctx context.Context) error {
	record := []*kgo.Record{{Topic: c.topic, Value: make([]byte, 2_000_000)}}
	options := []kgo.Opt{kgo.ProducerBatchMaxBytes(4_000_000), kgo.ProducerBatchCompression(kgo.NoCompression())}
	return fails(c.produce(ctx, record, options...), kerr.MessageTooLarge)
}

const firstTime = 1_700_000_000_000

func (c *checks) offsetsByTime(ctx context.Context) error {
	topic := c.topic + "-time"
	if err := createTopic(c.bootstrap, topic, 1); err != nil {
		return err
	}
	var records []*kgo.Record
	for i := range 100 {
		at := time.UnixMilli(firstTime + 1000*int64(i))
		records = append(records, &kgo.Record{Topic: topic, Timestamp: at, Value: fmt.Append(nil, i)})
	}
	if err := c.produce(ctx, records); err != nil {
		return err
	}
	var wrong []error
	for what, expected := range map[int64]int64{-2: 0, -1: 100, -3: 99, firstTime + 42_500: 43, firstTime + 200_000: -1} {
		listed, err := c.admin.ListOffsetsAfterMilli(ctx, what, topic)
		if what < 0 {
			listed, err = map[int64]func(context.Context, ...string) (kadm.ListedOffsets, error){
				-1: c.admin.ListEndOffsets,
				-2: c.admin.ListStartOffsets,
				-3: c.admin.ListMaxTimestampOffsets,
			}[what](ctx, topic)
		}
		offset, _ := listed.Lookup(topic, 0)
		if expected == -1 { // kadm asks again for the end where no record is that late
			expected = 100
		}
		wrong = append(wrong, err, equal(fmt.Sprint("offset for ", what), offset.Offset, expected))
	}
	return errors.Join(wrong...)
}

func (c *checks) seeks(ctx context.Context) error {
	topic := c.topic + "-time"
	from := kgo.NewOffset().AfterMilli(firstTime + 96_500)
	options := kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: from}})
	client, err := kgo.NewClient(kgo.SeedBrokers(c.bootstrap), options)
	if err != nil {
		return err
	}
	defer client.Close()
	read, err := readWith(ctx, client, 3)
	if err != nil {
		return err
	}
	client.SetOffsets(map[string]map[int32]kgo.EpochOffset{topic: {0: {Epoch: -1, Offset: 10}}})
	again, err := readWith(ctx, client, 1)
	if err != nil {
		return err
	}
	return errors.Join(
		equal("first after the time", string(read[0].Value), "97"),
		equal("last after the time", string(read[2].Value), "99"),
		equal("after going back", string(again[0].Value), "10"),
	)
}

func (c *checks) deletesRecords(ctx context.Context) error {
	topic := c.topic + "-time"
	remove := func(offset int64) (int64, error) {
		responses, err := c.admin.DeleteRecords(ctx, kadm.Offsets{topic: {0: {Topic: topic, At: offset}}})
		if err != nil {
			return 0, err
		}
		response, _ := responses.Lookup(topic, 0)
		return response.LowWatermark, response.Err
	}
	low, err := remove(30)
	_, beyond := remove(1000)
	start, listError := c.admin.ListStartOffsets(ctx, topic)
	offset, _ := start.Lookup(topic, 0)
	read, readError := c.read(ctx, 70, kgo.ConsumeTopics(topic))
	if readError != nil {
		return readError
	}
	return errors.Join(
		err,
		listError,
		fails(beyond, kerr.OffsetOutOfRange),
		equal("low watermark", low, 30),
		equal("start offset", offset.Offset, 30),
		equal("first offset read", read[0].Offset, 30),
	)
}

func (c *checks) epochs(ctx context.Context) error {
	topic := c.topic + "-time"
	var request kadm.OffsetForLeaderEpochRequest
	request.Add(topic, 0, 0)
	responses, err := c.admin.OffsetForLeaderEpoch(ctx, request)
	if err != nil {
		return err
	}
	response := responses[topic][0]
	return errors.Join(
		response.Err,
		equal("epoch", response.LeaderEpoch, 0),
		equal("end offset", response.EndOffset, 100),
	)
}

func (c *checks) resumes(ctx context.Context) error {
	group := c.topic + "-resume"
	readSome := func(count int) ([]*kgo.Record, error) {
		client, err := kgo.NewClient(
			kgo.SeedBrokers(c.bootstrap),
			kgo.ConsumerGroup(group),
			kgo.ConsumeTopics(c.topic),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.DisableAutoCommit(),
		)
		if err != nil {
			return nil, err
		}
		defer client.Close()
		records, err := readWith(ctx, client, count)
		if err != nil {
			return nil, err
		}
		return records, client.CommitRecords(ctx, records...)
	}
	first, err := readSome(500)
	if err != nil {
		return err
	}
	rest, err := readSome(len(c.sent) - 500)
	if err != nil {
		return err
	}
	return c.allSent(append(first, rest...))
}

func (c *checks) groups(ctx context.Context) error {
	group := c.topic + "-resume"
	listed, err := c.admin.ListGroups(ctx)
	if err != nil {
		return err
	}
	described, err := c.admin.DescribeGroups(ctx, group)
	if err != nil {
		return err
	}
	lags, err := c.admin.Lag(ctx, group)
	if err != nil {
		return err
	}
	offsets, err := c.admin.FetchOffsets(ctx, group)
	if err != nil {
		return err
	}
	var total int64
	offsets.Each(func(offset kadm.OffsetResponse) { total += offset.At })
	change := kadm.Offsets{c.topic: {0: {Topic: c.topic, At: 5, LeaderEpoch: -1, Metadata: "five"}}}
	committed, err := c.admin.CommitOffsets(ctx, group, change)
	if err != nil {
		return err
	}
	offsets, err = c.admin.FetchOffsets(ctx, group)
	if err != nil {
		return err
	}
	altered, _ := offsets.Lookup(c.topic, 0)
	return errors.Join(
		committed.Error(),
		equal("listed", listed[group].State, "Empty"),
		equal("protocol type", listed[group].ProtocolType, "consumer"),
		equal("described", described[group].State, "Empty"),
		equal("members", len(described[group].Members), 0),
		equal("lag", lags[group].Lag.Total(), 0),
		equal("sum of committed offsets", total, int64(len(c.sent))),
		equal("altered offset", altered.At, 5),
		equal("altered metadata", altered.Metadata, "five"),
	)
}

// A static member that stops does not leave: it is back under a new member id without a rebalance.
func (c *checks) static(ctx context.Context) error {
	group := c.topic + "-static"
	join := func() (string, int, error) {
		client, err := kgo.NewClient(
			kgo.SeedBrokers(c.bootstrap),
			kgo.ConsumerGroup(group),
			kgo.InstanceID("one"),
			kgo.ConsumeTopics(c.topic),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		)
		if err != nil {
			return "", 0, err
		}
		defer client.Close()
		if _, err := readWith(ctx, client, 1); err != nil {
			return "", 0, err
		}
		_, generation := client.GroupMetadata()
		described, err := c.admin.DescribeGroups(ctx, group)
		if err != nil {
			return "", 0, err
		}
		if len(described[group].Members) != 1 {
			return "", 0, fmt.Errorf("%d members", len(described[group].Members))
		}
		return described[group].Members[0].MemberID, int(generation), nil
	}
	firstMember, firstGeneration, err := join()
	if err != nil {
		return err
	}
	secondMember, secondGeneration, err := join()
	if err != nil {
		return err
	}
	removed, err := c.admin.LeaveGroup(ctx, kadm.LeaveGroup(group).InstanceIDs("one"))
	if err != nil {
		return err
	}
	return errors.Join(
		removed.Error(),
		equal("the same member id", firstMember == secondMember, false),
		equal("generation", secondGeneration, firstGeneration),
	)
}

func (c *checks) describes(ctx context.Context) error {
	var topics kadm.TopicsSet
	topics.Add(c.topic, 0, 1, 2, 3)
	dirs, err := c.admin.DescribeAllLogDirs(ctx, topics)
	if err != nil {
		return err
	}
	var partitions int
	var size int64
	dirs.Each(func(dir kadm.DescribedLogDir) {
		partitions += len(dir.Topics[c.topic])
		size += dir.Size()
	})
	producers, err := c.admin.DescribeProducers(ctx, topics)
	if err != nil {
		return err
	}
	var idempotent int
	producers.EachProducer(func(producer kadm.DescribedProducer) {
		if producer.ProducerEpoch == 0 && producer.LastSequence >= 0 {
			idempotent++
		}
	})
	return errors.Join(
		equal("partitions", partitions, 4),
		equal("some bytes", size > 1000, true),
		equal("some producers", idempotent >= 5, true),
	)
}

func (c *checks) deletes(ctx context.Context) error {
	group := c.topic + "-resume"
	var offsets kadm.TopicsSet
	offsets.Add(c.topic, 0)
	removed, err := c.admin.DeleteOffsets(ctx, group, offsets)
	if err != nil {
		return err
	}
	left, err := c.admin.FetchOffsets(ctx, group)
	if err != nil {
		return err
	}
	_, deleted := c.admin.DeleteGroup(ctx, group)
	_, again := c.admin.DeleteGroup(ctx, group)
	_, topic := c.admin.DeleteTopic(ctx, c.topic)
	_, topicAgain := c.admin.DeleteTopic(ctx, c.topic)
	return errors.Join(
		removed.Error(),
		equal("partitions with an offset left", len(left[c.topic]), 3),
		deleted,
		fails(again, kerr.GroupIDNotFound),
		topic,
		fails(topicAgain, kerr.UnknownTopicOrPartition),
	)
}
