package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func (c *checks) transactional(id string) (*kgo.Client, error) {
	return kgo.NewClient(
		kgo.SeedBrokers(c.bootstrap),
		kgo.TransactionalID(c.topic+"-"+id),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
}

// committed reads what a consumer of committed records sees of a topic, until there has been nothing for a while.
func (c *checks) committed(ctx context.Context, topic string, count int) ([]string, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(c.bootstrap),
		kgo.ConsumeTopics(topic),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var values []string
	for {
		limited, cancel := context.WithTimeout(ctx, 2*time.Second)
		fetches := client.PollFetches(limited)
		cancel()
		fetches.EachRecord(func(record *kgo.Record) { values = append(values, string(record.Value)) })
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%d of %d read: %w", len(values), count, ctx.Err())
		}
		if fetches.Empty() && len(values) >= count {
			slices.Sort(values)
			return values, nil
		}
	}
}

func (c *checks) transactions(ctx context.Context) error {
	topic := c.topic + "-transactions"
	if err := createTopic(c.bootstrap, topic, 2); err != nil {
		return err
	}
	client, err := c.transactional("commits")
	if err != nil {
		return err
	}
	defer client.Close()
	var expected []string
	for number := range 6 {
		if err := client.BeginTransaction(); err != nil {
			return err
		}
		value := strconv.Itoa(number)
		for partition := range int32(2) {
			record := &kgo.Record{Topic: topic, Partition: partition, Value: []byte(value)}
			if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
				return err
			}
		}
		end := kgo.TransactionEndTry(number%2 == 0)
		if err := client.EndTransaction(ctx, end); err != nil {
			return err
		}
		if number%2 == 0 {
			expected = append(expected, value, value)
		}
	}
	values, err := c.committed(ctx, topic, len(expected))
	if err == nil && !slices.Equal(values, expected) {
		err = fmt.Errorf("read %v, not %v", values, expected)
	}
	return err
}

func (c *checks) exactlyOnce(ctx context.Context) error {
	input, output := c.topic+"-input", c.topic+"-output"
	for _, topic := range []string{input, output} {
		if err := createTopic(c.bootstrap, topic, 1); err != nil {
			return err
		}
	}
	if err := produce(c.bootstrap, input, 200); err != nil {
		return err
	}
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(c.bootstrap),
		kgo.TransactionalID(c.topic+"-chain"),
		kgo.ConsumerGroup(c.topic+"-chain"),
		kgo.ConsumeTopics(input),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		return err
	}
	defer session.Close()
	for read, round := 0, 0; read < 200; round++ {
		fetches := session.PollRecords(ctx, 37)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := session.Begin(); err != nil {
			return err
		}
		count := 0
		fetches.EachRecord(func(record *kgo.Record) {
			count++
			session.Produce(ctx, &kgo.Record{Topic: output, Value: record.Value}, nil)
		})
		committed, err := session.End(ctx, kgo.TransactionEndTry(round%3 != 1))
		if err != nil {
			return err
		}
		if committed {
			read += count
		}
	}
	values, err := c.committed(ctx, output, 200)
	if err == nil && len(slices.Compact(values)) != 200 {
		err = fmt.Errorf("%d records, not 200", len(values))
	}
	return err
}

func (c *checks) fences(ctx context.Context) error {
	topic := c.topic + "-transactions"
	old, err := c.transactional("zombie")
	if err != nil {
		return err
	}
	defer old.Close()
	if err := old.BeginTransaction(); err != nil {
		return err
	}
	if err := old.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("of the zombie")}).FirstErr(); err != nil {
		return err
	}
	next, err := c.transactional("zombie")
	if err != nil {
		return err
	}
	defer next.Close()
	if err := next.BeginTransaction(); err != nil {
		return err
	}
	if err := next.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("of the next")}).FirstErr(); err != nil {
		return err
	}
	err = old.EndTransaction(ctx, kgo.TryCommit)
	if !errors.Is(err, kerr.ProducerFenced) && !errors.Is(err, kerr.InvalidProducerEpoch) {
		return fmt.Errorf("the zombie is told: %v", err)
	}
	return next.EndTransaction(ctx, kgo.TryCommit)
}
