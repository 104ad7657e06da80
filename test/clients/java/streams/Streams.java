// What both applications need: their settings, topics, records in and out, and checks that print `ok` or `not ok`.

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;

final class Streams {
    static final long LIMIT_MS = 60_000;
    final String bootstrap;
    final String protocol;
    final Path stateDir;
    final Admin admin;
    private int instances = 0;

    /** protocol: classic or streams. */
    Streams(String bootstrap, String protocol, Path stateDir) {
        this.bootstrap = bootstrap;
        this.protocol = protocol;
        this.stateDir = stateDir;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    public static void main(String[] args) throws Exception {
        Streams streams = new Streams(args[0], args[1], Path.of(args[2]));
        try (streams.admin) {
            new WordCount(streams).run();
            new ExactlyOnceJoin(streams).run();
        }
        System.exit(0);
    }

    boolean usesGroups() {
        return protocol.equals("streams");
    }

    void check(String name, Callable<?> body) {
        try {
            body.call();
            System.out.println("ok - " + protocol + ": " + name);
        } catch (Throwable error) {
            System.out.println("not ok - " + protocol + ": " + name);
            System.out.println(error);
            for (StackTraceElement line : error.getStackTrace()) System.out.println("  " + line);
        }
    }

    static void same(Object actual, Object expected) {
        if (!expected.equals(actual)) throw new AssertionError("expected " + expected + ", got " + actual);
    }

    /** Asks again until it is so. */
    static void eventually(String what, Callable<Boolean> isSo) throws Exception {
        long deadline = System.currentTimeMillis() + LIMIT_MS;
        while (!isSo.call()) {
            if (System.currentTimeMillis() > deadline) throw new AssertionError("never: " + what);
            Thread.sleep(100);
        }
    }

    void createTopics(int partitions, String... names) throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        for (String name : names) topics.add(new NewTopic(name, partitions, (short) 1));
        admin.createTopics(topics).all().get();
    }

    /** An instance of an application, with a directory and an endpoint of its own, that runs. */
    KafkaStreams start(String application, Topology topology, Map<String, Object> settings) throws Exception {
        instances++;
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        config.put(StreamsConfig.CLIENT_ID_CONFIG, application + "-" + instances);
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        config.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, protocol);
        config.put(StreamsConfig.STATE_DIR_CONFIG, stateDir.resolve(String.valueOf(instances)).toString());
        config.put(StreamsConfig.APPLICATION_SERVER_CONFIG, "localhost:" + (7000 + instances));
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200);
        config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        if (!usesGroups()) {
            config.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
        }
        config.putAll(settings);
        KafkaStreams streams = new KafkaStreams(topology, config);
        streams.start();
        eventually("an instance that runs", () -> streams.state() == KafkaStreams.State.RUNNING);
        return streams;
    }

    void produce(String topic, List<String[]> records) {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap);
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (String[] record : records) producer.send(new ProducerRecord<>(topic, record[0], record[1]));
        }
    }

    /** All committed records of a topic as key=value, until there are at least so many. */
    List<String> consume(String topic, int partitions, int count) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", bootstrap);
        config.put("isolation.level", "read_committed");
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", false);
        List<String> read = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> all = new ArrayList<>();
            for (int partition = 0; partition < partitions; partition++) all.add(new TopicPartition(topic, partition));
            consumer.assign(all);
            consumer.seekToBeginning(all);
            long deadline = System.currentTimeMillis() + LIMIT_MS;
            while (read.size() < count && System.currentTimeMillis() < deadline) {
                consumer.poll(Duration.ofMillis(200)).forEach((record) -> read.add(record.key() + "=" + record.value()));
            }
            // Whatever comes too often comes soon.
            consumer.poll(Duration.ofMillis(1_000)).forEach((record) -> read.add(record.key() + "=" + record.value()));
        }
        return read;
    }
}
