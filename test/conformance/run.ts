// The same requests to Apache Kafka 4.4.0 and to Milena, every answer compared field by field:
//   node test/conformance/run.ts [SCENARIO …] [--verbose]     a name may end in *: 'every*' is all APIs and versions,
//                                                             'controller*' what the controllers are asked
// KAFKA=HOST:PORT and MILENA_BOOTSTRAP=HOST:PORT take brokers that run already (fresh ones: names are the same in every
// run); --on kafka compares Kafka with itself, which tells what in an answer is chance. One answer is one check.
// Accepted differences are rows of docs/DIFFERENCES.md.

import { parseArgs } from 'node:util'
import { type Broker, runningBroker, startBroker } from '../clients/brokers.ts'
import { Accepted } from './accepted.ts'
import { differences } from './normalise.ts'
import { Peer } from './peer.ts'
import { clusterScenarios } from './scenarios/cluster.ts'
import { configScenarios } from './scenarios/configs.ts'
import { consumerScenarios } from './scenarios/consumers.ts'
import { CONTROLLER, controllerScenarios } from './scenarios/controller.ts'
import { dataScenarios } from './scenarios/data.ts'
import { everyScenarios, firstScenarios } from './scenarios/every.ts'
import { fetchingScenarios } from './scenarios/fetching.ts'
import { groupScenarios } from './scenarios/groups.ts'
import { levelScenarios } from './scenarios/levels.ts'
import { logDirScenarios } from './scenarios/log-dirs.ts'
import { memberScenarios } from './scenarios/members.ts'
import { operatingScenarios } from './scenarios/operating.ts'
import { producingScenarios } from './scenarios/producing.ts'
import { quotaScenarios } from './scenarios/quotas.ts'
import { securingScenarios } from './scenarios/securing.ts'
import { shareAcknowledgingScenarios } from './scenarios/share-acknowledging.ts'
import { shareSessionScenarios } from './scenarios/share-sessions.ts'
import { shareScenarios } from './scenarios/shares.ts'
import { streamsScenarios } from './scenarios/streams.ts'
import { telemetryScenarios } from './scenarios/telemetry.ts'
import { timeoutScenarios } from './scenarios/timeouts.ts'
import { topicScenarios } from './scenarios/topics.ts'
import { transactionScenarios } from './scenarios/transactions.ts'
import { type Endpoints, type Entry, type Scenario, Session } from './session.ts'

const ofBrokers: Readonly<Record<string, Scenario>> = {
  ...firstScenarios,
  ...clusterScenarios,
  ...topicScenarios,
  ...dataScenarios,
  ...producingScenarios,
  ...fetchingScenarios,
  ...groupScenarios,
  ...levelScenarios,
  ...logDirScenarios,
  ...memberScenarios,
  ...consumerScenarios,
  ...configScenarios,
  ...operatingScenarios,
  ...quotaScenarios,
  ...securingScenarios,
  ...shareScenarios,
  ...shareAcknowledgingScenarios,
  ...shareSessionScenarios,
  ...streamsScenarios,
  ...telemetryScenarios,
  ...transactionScenarios,
  ...timeoutScenarios,
  ...everyScenarios,
}
/** Names are the same for broker and controller: each round has brokers of its own. */
const rounds = [ofBrokers, controllerScenarios]

// On both. Fewer partitions than by default, so that the internal topic is there soon; sessions may be short, so that
// one can be seen to end.
const settings = [
  'node.id=1',
  'offsets.topic.num.partitions=4',
  'share.coordinator.state.topic.num.partitions=2',
  'transaction.state.log.num.partitions=4',
  'group.min.session.timeout.ms=100',
  // Records are of long past, and would be deleted when Kafka first looks, half a minute after its start.
  'log.retention.ms=-1',
]

/** Of Milena: as Kafka is told where to listen. */
const listening = [
  'listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
  'advertised.listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
  'inter.broker.listener.name=PLAINTEXT',
  'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  'controller.quorum.bootstrap.servers=127.0.0.1:0',
]

const { values, positionals } = parseArgs({
  options: { on: { type: 'string' }, verbose: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const write = (line: string) => process.stdout.write(`${line}\n`)
const accepted = new Accepted()
let passed = 0
let failed = 0

const all = rounds.flatMap((scenarios) => Object.keys(scenarios))
const chosen = positionals.length > 0 ? positionals.flatMap((name) => named(name, all)) : all
for (const scenarios of rounds) {
  const names = chosen.filter((name) => name in scenarios)
  if (names.length > 0) await runRound(scenarios, names)
}
if (positionals.length === 0 && values.on !== 'kafka')
  for (const pattern of accepted.unused()) fail('docs/DIFFERENCES.md', [`no answer needs the row ${pattern}`])
write(`conformance: ${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

function named(name: string, all: readonly string[]): readonly string[] {
  const names = all.filter((one) => (name.endsWith('*') ? one.startsWith(name.slice(0, -1)) : one === name))
  if (names.length === 0) throw new Error(`no scenario named ${name}; there are ${all.join(', ')}`)
  return names
}

async function runRound(scenarios: Readonly<Record<string, Scenario>>, names: readonly string[]): Promise<void> {
  const kafka = await broker(process.env['KAFKA'], 'kafka')
  const ours = await broker(process.env['MILENA_BOOTSTRAP'], values.on === 'kafka' ? 'kafka' : 'milena').catch(
    async (error) => {
      await kafka.dispose(false)
      throw error
    },
  )
  try {
    const [theirEnds, ownEnds] = await Promise.all([endpointsOf(kafka), endpointsOf(ours)])
    for (const name of names) await runScenario(name, scenarios[name]!, theirEnds, ownEnds)
  } finally {
    await Promise.all([kafka.dispose(false), ours.dispose(false)])
  }
}

function broker(bootstrap: string | undefined, kind: 'kafka' | 'milena'): Promise<Broker> {
  if (bootstrap) return Promise.resolve(runningBroker(bootstrap))
  return startBroker(kind, kind === 'kafka' ? settings : [...settings, ...listening])
}

/** Where its controller is, a broker knows. */
async function endpointsOf({ bootstrap, dataDir }: Broker): Promise<Endpoints> {
  const peer = new Peer(bootstrap)
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
  const answer = await peer.request('DescribeQuorum', 2, { topics })
  peer.close()
  const listener = answer.kind === 'body' ? answer.body.nodes[0]?.listeners[0] : undefined
  if (listener === undefined) throw new Error(`${bootstrap} has no listener for its controller`)
  return { bootstrap, controller: `${listener.host}:${listener.port}`, dataDir }
}

async function runScenario(name: string, scenario: Scenario, kafka: Endpoints, ours: Endpoints): Promise<void> {
  const startedAt = performance.now()
  const failedBefore = failed
  const passedBefore = passed
  const [expected, actual] = await Promise.all([play(scenario, kafka), play(scenario, ours)])
  const byLabel = new Map(actual.transcript.map((entry) => [`${entry.api}: ${entry.label}`, entry]))
  for (const entry of expected.transcript) compare(name, entry, byLabel.get(`${entry.api}: ${entry.label}`))
  if (expected.error) fail(name, [`Kafka did not come to the end: ${expected.error}`])
  if (actual.error) fail(name, [`Milena did not come to the end: ${actual.error}`])
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const result = failed === failedBefore ? 'ok' : 'not ok'
  const count = `${passed - passedBefore} of ${expected.transcript.length}`
  write(`${result} - ${name}: ${count} answers are the same (${seconds} s)`)
}

async function play(scenario: Scenario, on: Endpoints): Promise<{ transcript: Entry[]; error: string | undefined }> {
  const session = new Session(on)
  let error: string | undefined
  try {
    await scenario(session)
  } catch (reason) {
    error = reason instanceof Error ? `${reason.message}${values.verbose ? `\n${reason.stack}` : ''}` : String(reason)
  }
  session.close()
  const labels = session.transcript.map((entry) => `${entry.api}: ${entry.label}`)
  const twice = labels.find((label, i) => labels.indexOf(label) !== i)
  return { transcript: session.transcript, error: error ?? (twice && `two requests have the label ${twice}`) }
}

function compare(scenario: string, expected: Entry, actual: Entry | undefined): void {
  const label = `${scenario} / ${expected.api}: ${expected.label}`
  if (values.verbose) write(`    ${label}\n        ${JSON.stringify(expected.answer)}`)
  if (actual === undefined) {
    fail(label, ['not asked: an answer before it was not as expected'])
    return
  }
  // A row may be for the controller alone.
  const labels = scenario.startsWith(CONTROLLER) ? [expected.label, `${CONTROLLER}${expected.label}`] : [expected.label]
  const wrong = differences(expected.answer, actual.answer).filter(
    ({ path }) => !labels.some((one) => accepted.has(`${expected.api}${path}`, one)),
  )
  const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 200) ?? 'nothing'
  if (wrong.length === 0) passed++
  else
    fail(
      label,
      wrong.map(
        ({ path, kafka: theirs, ours: own }) => `${expected.api}${path}: ${shown(own)}, Kafka: ${shown(theirs)}`,
      ),
    )
}

function fail(label: string, reasons: readonly string[]): void {
  failed++
  write(`not ok - ${label}`)
  const shown = values.verbose ? reasons.length : 8
  for (const reason of reasons.slice(0, shown)) write(`    ${reason}`)
  if (reasons.length > shown) write(`    and ${reasons.length - shown} more`)
}
