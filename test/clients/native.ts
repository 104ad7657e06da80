// A suite written in the client's own language is one program with these commands:
//   list BOOTSTRAP                          runs its checks; prints `ok - NAME` or `not ok - NAME` for each
//   topic BOOTSTRAP TOPIC PARTITIONS        creates a topic
//   produce BOOTSTRAP TOPIC COUNT           appends that many records over all partitions
//   member BOOTSTRAP GROUP TOPIC STRATEGY   a group's member until SIGTERM; prints `assigned P,P,…` (all it has now)
//                                           and `read P:O` for each record; commits as it goes; session timeout 6 s

import { Child, checkGroup, type Member, type Report, run, type Target } from './harness.ts'

const partitions = 6
const listTimeoutMs = 300_000

export async function runNative(
  target: Target,
  report: Report,
  program: readonly [command: string, ...args: string[]],
  strategies: readonly string[],
): Promise<void> {
  const [command, ...args] = program
  await report.relay(command, [...args, 'list', target.bootstrap], listTimeoutMs)
  for (const strategy of strategies) {
    const topic = `group-${strategy}-${Date.now().toString(36)}`
    const group = {
      partitions,
      start: () => startMember(command, [...args, 'member', target.bootstrap, topic, topic, strategy]),
      produce: async (count: number) => {
        await run(command, [...args, 'produce', target.bootstrap, topic, String(count)])
      },
    }
    await run(command, [...args, 'topic', target.bootstrap, topic, String(partitions)])
    await checkGroup(report, `group (${strategy})`, group)
  }
}

function startMember(command: string, args: readonly string[]): Member {
  const child = new Child(command, args)
  const read: string[] = []
  let assigned: number[] = []
  child.onLine = (line) => {
    const [word, value = ''] = line.split(' ')
    if (word === 'read') read.push(value)
    if (word === 'assigned') assigned = value === '' ? [] : value.split(',').map(Number)
  }
  return { child, assigned: () => assigned, read: () => read }
}
