// Kafka Streams: the applications beside this file, compiled and run once by the classic and once by the streams
// protocol (KIP-1071), and the tool that looks after streams groups.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Report, refuse, run, type Target } from '../../harness.ts'
import { jars, KafkaTools, toolJvm } from '../kafka.ts'

/** Several instances come, rebalance and go. */
const LIMIT_MS = 300_000

export async function suite(target: Target, report: Report): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'milena-streams-'))
  try {
    const libraries = `${await jars('streams')}/*`
    const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.java'))
    await run('javac', ['-cp', libraries, '-d', dir, ...sources.map((name) => join(import.meta.dirname, name))])
    for (const protocol of ['classic', 'streams']) {
      const args = [
        '-Xmx512M',
        ...toolJvm.slice(1),
        '-cp',
        `${dir}:${libraries}`,
        'Streams',
        target.bootstrap,
        protocol,
      ]
      await report.relay('java', [...args, join(dir, protocol)], LIMIT_MS)
    }
    await groups(target, report, await KafkaTools.resolve())
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Of the join, whose instances are gone. */
async function groups(target: Target, report: Report, tools: KafkaTools): Promise<void> {
  const group = 'join-streams'
  const tool = (...args: string[]) =>
    tools.run('kafka-streams-groups', ['--bootstrap-server', target.bootstrap, ...args])
  await report.check('streams-groups: list', async () => expect(await tool('--list'), new RegExp(`^${group}$`, 'm')))
  await report.check('streams-groups: list with states', async () =>
    expect(await tool('--list', '--state'), new RegExp(`^${group}\\s+Empty`, 'm')),
  )
  await report.check('streams-groups: describe', async () => {
    const state = new RegExp(`^${group}\\s+\\S+ \\(1\\)\\s+Empty\\s+0`, 'm')
    expect(await tool('--describe', '--group', group, '--state'), state, /has no active members/)
  })
  await report.check('streams-groups: reset to the earliest', async () => {
    const reset = ['--reset-offsets', '--group', group, '--all-input-topics', '--to-earliest']
    const rows = new RegExp(`^${group}\\s+${group}-(orders|payments)\\s+\\d\\s+0\\s*$`, 'm')
    expect(await tool(...reset, '--dry-run'), rows)
    expect(await tool(...reset, '--execute'), rows)
  })
  await report.check('streams-groups: delete offsets', async () => {
    await tool('--delete-offsets', '--group', group, '--input-topic', `${group}-orders`)
  })
  await report.check('streams-groups: delete', async () => {
    expect(await tool('--delete', '--group', group), /successful/)
    refuse(await tool('--list'), new RegExp(`^${group}$`, 'm'))
  })
}
