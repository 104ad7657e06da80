// What an operator of one node does with Apache Kafka's own tools: the quorum, replicas, elections, features, metrics
// of clients, quotas and credentials, the directory.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type Report, type RunOptions, type Target } from '../harness.ts'
import type { KafkaTools } from './kafka.ts'

/** It reports for as long as it is left alone. */
const VERIFICATION_MS = 8_000

export async function operating(
  target: Target,
  tools: KafkaTools,
  report: Report,
  topic: string,
  dir: string,
): Promise<void> {
  const check = (name: string, tool: string, args: readonly string[], ...patterns: readonly RegExp[]) =>
    report.check(name, async () => expect(await run(tool, args), ...patterns))
  const run = (tool: string, args: readonly string[], options?: RunOptions) =>
    tools.run(tool, ['--bootstrap-server', target.bootstrap, ...args], options)

  await check('metadata-quorum: status', 'kafka-metadata-quorum', ['describe', '--status'], /LeaderId:\s+1$/m)
  const replication = /^1\s+\S{22}\s+\d+\s+0\s+.*Leader/m
  await check('metadata-quorum: replication', 'kafka-metadata-quorum', ['describe', '--replication'], replication)

  const replicas = join(dir, 'reassignment.json')
  const partition = { topic, partition: 0, replicas: [1] }
  writeFileSync(replicas, JSON.stringify({ version: 1, partitions: [partition] }))
  const plan = ['--reassignment-json-file', replicas]
  await check('reassign: execute', 'kafka-reassign-partitions', [...plan, '--execute'], /Successfully started/)
  await check('reassign: verify', 'kafka-reassign-partitions', [...plan, '--verify'], /is complete/)
  await check('reassign: list', 'kafka-reassign-partitions', ['--list'], /No partition reassignments found/)
  await report.check('reassign: to a broker that is not there fails', async () => {
    const elsewhere = { version: 1, partitions: [{ ...partition, replicas: [7] }] }
    writeFileSync(replicas, JSON.stringify(elsewhere))
    expect(await run('kafka-reassign-partitions', [...plan, '--execute'], { exitCode: 1 }), /7/)
  })
  const preferred = ['--election-type', 'preferred', '--topic', topic, '--partition', '0']
  await check('leader-election: preferred', 'kafka-leader-election', preferred, /completed|already elected/)

  await check('features: describe', 'kafka-features', ['describe'], /transaction\.version\s.*FinalizedVersionLevel: 2/)
  const downgrade = ['downgrade', '--feature', 'transaction.version=1', '--dry-run']
  await check('features: a downgrade that is only tried', 'kafka-features', downgrade, /can be downgraded to 1/)
  const mapping = ['version-mapping', '--release-version', '4.0']
  await check('features: versions of a release', 'kafka-features', mapping, /metadata\.version=\d+ /)

  await clientMetrics(check, topic)
  await entities(check)
  if (target.controller !== undefined) await atController(target.controller, tools, report)

  await report.check('replica-verification', async () => {
    const named = ['--broker-list', target.bootstrap, '--topics-include', topic, '--report-interval-ms', '2000']
    const child = tools.start('kafka-replica-verification', named)
    setTimeout(() => child.kill('SIGTERM'), VERIFICATION_MS)
    await child.exited()
    expect(child.lines.join('\n'), /max lag is 0/)
  })
  const reset = ['--application-id', `${topic}-app`, '--input-topics', topic, '--dry-run']
  await check('streams-application-reset', 'kafka-streams-application-reset', reset, new RegExp(`Topic: ${topic}`))
  const { dataDir } = target
  if (dataDir === undefined) return
  await report.check('storage: info', async () => {
    const config = join(dir, 'server.properties')
    const roles = ['process.roles=broker,controller', 'node.id=1', 'controller.listener.names=CONTROLLER']
    const where = [
      'listeners=PLAINTEXT://:9092,CONTROLLER://:9093',
      'controller.quorum.bootstrap.servers=127.0.0.1:9093',
    ]
    writeFileSync(config, [...roles, ...where, `log.dirs=${dataDir}`].join('\n'))
    const output = await tools.run('kafka-storage', ['info', '--config', config])
    expect(output, /Found log directory:/, /Found metadata: \{cluster\.id=\S{22}, .*node\.id=1/)
  })
}

type Check = (name: string, tool: string, args: readonly string[], ...patterns: readonly RegExp[]) => Promise<boolean>

async function clientMetrics(check: Check, topic: string): Promise<void> {
  const name = ['--name', `${topic}-metrics`]
  const wanted = ['--metrics', 'org.apache.kafka.producer.', '--interval', '60000', '--match', 'client_id=.*']
  const tool = 'kafka-client-metrics'
  await check('client-metrics: alter', tool, ['--alter', ...name, ...wanted])
  await check('client-metrics: describe', tool, ['--describe', ...name], /interval\.ms=60000/)
  await check('client-metrics: list', tool, ['--list'], new RegExp(`^${topic}-metrics$`, 'm'))
  await check('client-metrics: delete', tool, ['--delete', ...name])
}

async function entities(check: Check): Promise<void> {
  const quota = ['--entity-type', 'users', '--entity-name', 'alice', '--entity-type', 'clients', '--entity-default']
  const rate = ['--add-config', 'producer_byte_rate=1048576']
  await check('configs: a quota', 'kafka-configs', ['--alter', ...quota, ...rate], /Completed updating/)
  const shown = /user-principal 'alice', the default client-id are producer_byte_rate=1048576/
  await check('configs: the quota', 'kafka-configs', ['--describe', ...quota], shown)
  const gone = ['--delete-config', 'producer_byte_rate']
  await check('configs: no quota', 'kafka-configs', ['--alter', ...quota, ...gone], /Completed updating/)
  const user = ['--entity-type', 'users', '--entity-name', 'bob']
  const password = ['--add-config', 'SCRAM-SHA-256=[iterations=4096,password=secret]']
  await check('configs: credentials', 'kafka-configs', ['--alter', ...user, ...password], /Completed updating/)
  await check('configs: the credentials', 'kafka-configs', ['--describe', ...user], /SCRAM-SHA-256=iterations=4096/)
  const loggers = ['--entity-type', 'broker-loggers', '--entity-name', '1']
  await check('configs: loggers', 'kafka-configs', ['--describe', ...loggers], /root=\w+/)
}

/** Past the broker, at the listener of the controller. */
async function atController(bootstrap: string, tools: KafkaTools, report: Report): Promise<void> {
  const check = (name: string, tool: string, args: readonly string[], ...patterns: readonly RegExp[]) =>
    report.check(`controller: ${name}`, async () => {
      expect(await tools.run(tool, args), ...patterns)
    })
  const at = ['--bootstrap-controller', bootstrap]
  const address = bootstrap.replaceAll('.', '\\.')
  const voters = new RegExp(`CurrentVoters:\\s+\\[\\{"id": 1, "directoryId": "\\S{22}", .*CONTROLLER://${address}"`)
  const [quorum, configs] = ['kafka-metadata-quorum', 'kafka-configs']
  const leads = [/LeaderId:\s+1$/m, /MaxFollowerLag:\s+0$/m]
  await check('status of the quorum', quorum, [...at, 'describe', '--status'], ...leads, voters)
  const replication = /^1\s+\S{22}\s+\d+\s+0\s+.*Leader/m
  await check('replication', quorum, [...at, 'describe', '--replication'], replication)
  await check('features', 'kafka-features', [...at, 'describe'], /group\.version\s.*FinalizedVersionLevel: 1/)
  await check('id of the cluster', 'kafka-cluster', ['cluster-id', ...at], /Cluster ID: \S{22}/)
  await check('endpoints', 'kafka-cluster', ['list-endpoints', ...at], /^1\s+127\.0\.0\.1\s.*controller/m)
  const all = [...at, '--entity-type', 'brokers', '--entity-default']
  const key = 'log.cleaner.max.compaction.lag.ms'
  await check('a setting', configs, [...all, '--alter', '--add-config', `${key}=86400000`], /Completed updating/)
  await check('the setting', configs, [...all, '--describe'], /max\.compaction\.lag\.ms=86400000/)
  await check('no setting', configs, [...all, '--alter', '--delete-config', key], /Completed updating/)
}
