import type { Report, Target } from '../harness.ts'

export async function suite(_target: Target, _report: Report): Promise<void> {}
