// franz-go against a broker: the commands that native.ts describes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const timeout = 30 * time.Second

func main() {
	command, bootstrap, rest := os.Args[1], os.Args[2], os.Args[3:]
	switch command {
	case "list":
		list(bootstrap)
	case "topic":
		partitions, err := strconv.Atoi(rest[1])
		exitOn(err)
		exitOn(createTopic(bootstrap, rest[0], int32(partitions)))
	case "produce":
		count, err := strconv.Atoi(rest[1])
		exitOn(err)
		exitOn(produce(bootstrap, rest[0], count))
	case "member":
		exitOn(member(bootstrap, rest[0], rest[1], rest[2]))
	default:
		exitOn(fmt.Errorf("no command named %s", command))
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func createTopic(bootstrap, topic string, partitions int32) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, err = kadm.NewClient(client).CreateTopic(ctx, partitions, 1, nil, topic)
	return err
}

// produce spreads its records over all partitions, idempotently as franz-go does unless told otherwise.
func produce(bootstrap, topic string, count int) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Value: []byte(strconv.Itoa(i))}
	}
	return client.ProduceSync(ctx, records...).FirstErr()
}

// protocol: `consumer` is that of KIP-848, whose timeouts the broker decides.
func protocol(strategy string) []kgo.Opt {
	if strategy == "consumer" {
		return []kgo.Opt{kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer())}
	}
	return []kgo.Opt{
		kgo.Balancers(balancer(strategy)),
		kgo.SessionTimeout(6 * time.Second),
		kgo.HeartbeatInterval(500 * time.Millisecond),
	}
}

func balancer(strategy string) kgo.GroupBalancer {
	if strategy == "range" {
		return kgo.RangeBalancer()
	}
	return kgo.CooperativeStickyBalancer()
}

// member prints all partitions that it has after every change, as a cooperative rebalance tells only the difference.
func member(bootstrap, group, topic, strategy string) error {
	var mutex sync.Mutex
	var assigned []int32
	change := func(changed map[string][]int32, gained bool) {
		mutex.Lock()
		defer mutex.Unlock()
		assigned = slices.DeleteFunc(assigned, func(partition int32) bool { return slices.Contains(changed[topic], partition) })
		if gained {
			assigned = append(assigned, changed[topic]...)
		}
		fmt.Println("assigned " + strings.Trim(strings.ReplaceAll(fmt.Sprint(assigned), " ", ","), "[]"))
	}
	lose := func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { change(lost, false) }
	client, err := kgo.NewClient(append(
		protocol(strategy),
		kgo.SeedBrokers(bootstrap),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitInterval(200*time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, gained map[string][]int32) { change(gained, true) }),
		kgo.OnPartitionsRevoked(lose),
		kgo.OnPartitionsLost(lose),
	)...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(record *kgo.Record) { fmt.Printf("read %d:%d\n", record.Partition, record.Offset) })
	}
}
