// A join of two streams with exactly-once processing: every order meets its payment once, while instances come and go.

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;

final class ExactlyOnceJoin {
    private static final int PARTITIONS = 4;
    private static final int ROUNDS = 4;
    private static final int PER_ROUND = 250;
    private final Streams streams;
    private final String application;

    ExactlyOnceJoin(Streams streams) {
        this.streams = streams;
        this.application = "join-" + streams.protocol;
    }

    private Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> payments = builder.stream(application + "-payments");
        builder.<String, String>stream(application + "-orders")
            .join(
                payments,
                (order, payment) -> order + "/" + payment,
                JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofHours(1)))
            .to(application + "-paid");
        return builder.build();
    }

    void run() throws Exception {
        streams.createTopics(PARTITIONS, application + "-orders", application + "-payments", application + "-paid");
        Map<String, Object> settings = Map.of(
            StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2,
            StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        List<KafkaStreams> running = new ArrayList<>();
        streams.check("exactly-once join: every pair comes once, while instances come and go", () -> {
            running.add(streams.start(application, topology(), settings));
            for (int round = 0; round < ROUNDS; round++) {
                int from = round * PER_ROUND;
                streams.produce(application + "-orders", records("order", from, from + PER_ROUND));
                if (round % 2 == 0) running.add(streams.start(application, topology(), settings));
                streams.produce(application + "-payments", records("payment", from, from + PER_ROUND));
                if (round % 2 == 1) running.remove(0).close(Duration.ofSeconds(30));
            }
            List<String> paid = streams.consume(application + "-paid", PARTITIONS, ROUNDS * PER_ROUND);
            List<String> expected = new ArrayList<>();
            for (int id = 0; id < ROUNDS * PER_ROUND; id++) expected.add("%05d=order %d/payment %d".formatted(id, id, id));
            Streams.same(paid.size(), expected.size());
            Streams.same(new TreeSet<>(paid), new TreeSet<>(expected));
            return null;
        });
        for (KafkaStreams one : running) one.close(Duration.ofSeconds(30));
    }

    private static List<String[]> records(String what, int from, int to) {
        List<String[]> records = new ArrayList<>();
        for (int id = from; id < to; id++) records.add(new String[] {"%05d".formatted(id), what + " " + id});
        return records;
    }
}
