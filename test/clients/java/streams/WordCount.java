// The word count: a repartition topic, a store with its changelog, one instance, then two, then the other one alone.

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.StreamsGroupDescription;
import org.apache.kafka.clients.admin.StreamsGroupMemberDescription;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyQueryMetadata;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Materialized;

final class WordCount {
    private static final int PARTITIONS = 3;
    private static final String[] WORDS = "all streams lead to kafka hello kafka streams join kafka summit".split(" ");
    private final Streams streams;
    private final String application;
    private final String input;
    private final String output;
    private final Map<String, Long> expected = new TreeMap<>();

    WordCount(Streams streams) {
        this.streams = streams;
        this.application = "word-count-" + streams.protocol;
        this.input = application + "-lines";
        this.output = application + "-counts";
    }

    private Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(input)
            .flatMapValues((line) -> Arrays.asList(line.split(" ")))
            .groupBy((key, word) -> word)
            .count(Materialized.as("counts"))
            .toStream()
            .mapValues(String::valueOf)
            .to(output);
        return builder.build();
    }

    void run() throws Exception {
        streams.createTopics(PARTITIONS, input, output);
        Map<String, Object> settings = Map.of(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        List<KafkaStreams> running = new ArrayList<>();
        streams.check("word count: one instance makes its internal topics and counts", () -> {
            running.add(streams.start(application, topology(), settings));
            count(100);
            Set<String> names = streams.admin.listTopics().names().get();
            for (String kind : List.of("repartition", "changelog")) {
                String found = names.stream().filter((name) -> name.startsWith(application) && name.endsWith(kind))
                    .findFirst().orElseThrow(() -> new AssertionError("no " + kind + " topic in " + names));
                int partitions = streams.admin.describeTopics(List.of(found)).allTopicNames().get().get(found)
                    .partitions().size();
                Streams.same(partitions, PARTITIONS);
            }
            return null;
        });
        streams.check("word count: a second instance takes its part", () -> {
            running.add(streams.start(application, topology(), settings));
            Streams.eventually("tasks on both", () -> running.stream().allMatch((one) -> activeTasks(one) > 0));
            count(100);
            return null;
        });
        if (streams.usesGroups()) groups(running);
        streams.check("word count: both know who serves which key", () -> {
            Streams.eventually("the same host for every word", () -> {
                for (String word : WORDS) {
                    Set<Object> hosts = new HashSet<>();
                    for (KafkaStreams one : running) {
                        KeyQueryMetadata known = one.queryMetadataForKey("counts", word, new StringSerializer());
                        if (known == null || known.equals(KeyQueryMetadata.NOT_AVAILABLE)) return false;
                        hosts.add(known.activeHost());
                    }
                    if (hosts.size() != 1) return false;
                }
                return true;
            });
            return null;
        });
        streams.check("word count: what the first one counted goes on with the second", () -> {
            running.remove(0).close(Duration.ofSeconds(30));
            count(100);
            return null;
        });
        for (KafkaStreams one : running) one.close(Duration.ofSeconds(30));
        if (!streams.usesGroups()) return;
        streams.check("word count: the group is empty, and deleted", () -> {
            Streams.eventually("an empty group", () -> describe().groupState() == GroupState.EMPTY);
            streams.admin.deleteStreamsGroups(List.of(application)).all().get();
            return null;
        });
    }

    private void groups(List<KafkaStreams> running) {
        streams.check("word count: the group is described", () -> {
            Streams.eventually("a stable group", () -> describe().groupState() == GroupState.STABLE);
            StreamsGroupDescription group = describe();
            Streams.same(group.subtopologies().size(), 2);
            Streams.same(group.members().size(), 4);
            Streams.same(tasks(group, false), 2 * PARTITIONS);
            return null;
        });
        streams.check("word count: standby tasks come when the group is configured so", () -> {
            ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, application);
            ConfigEntry entry = new ConfigEntry("streams.num.standby.replicas", "1");
            var change = List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET));
            streams.admin.incrementalAlterConfigs(Map.of(resource, change)).all().get();
            Streams.eventually("a standby task for every stateful one", () -> tasks(describe(), true) == PARTITIONS);
            Streams.eventually("a stable group", () -> describe().groupState() == GroupState.STABLE);
            return null;
        });
    }

    private StreamsGroupDescription describe() throws Exception {
        return streams.admin.describeStreamsGroups(List.of(application)).all().get().get(application);
    }

    private static int tasks(StreamsGroupDescription group, boolean standby) {
        int count = 0;
        for (StreamsGroupMemberDescription member : group.members()) {
            var assignment = member.assignment();
            var tasks = standby ? assignment.standbyTasks() : assignment.activeTasks();
            for (var ids : tasks) count += ids.partitions().size();
        }
        return count;
    }

    private static int activeTasks(KafkaStreams instance) {
        return instance.metadataForLocalThreads().stream().mapToInt((thread) -> thread.activeTasks().size()).sum();
    }

    /** Lines go in, and the counts of all words so far come out. */
    private void count(int lines) throws Exception {
        List<String[]> records = new ArrayList<>();
        for (int line = 0; line < lines; line++) {
            String first = WORDS[line % WORDS.length];
            String second = WORDS[(line * 7 + 3) % WORDS.length];
            records.add(new String[] {"line " + line, first + " " + second});
            expected.merge(first, 1L, Long::sum);
            expected.merge(second, 1L, Long::sum);
        }
        streams.produce(input, records);
        Map<String, Long> counts = new HashMap<>();
        Streams.eventually("counts as expected", () -> {
            counts.clear();
            for (String record : streams.consume(output, PARTITIONS, 1)) {
                String[] parts = record.split("=");
                counts.merge(parts[0], Long.parseLong(parts[1]), Math::max);
            }
            return counts.equals(expected);
        });
    }
}
