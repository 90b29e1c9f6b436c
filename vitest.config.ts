import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const conditions = ['lakelet:source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: 'forks',
    // Most tests wait for processes and sockets more than they work: one more than cores, where vitest would take one fewer.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', './tools/vitest-summary.ts'],
    setupFiles: ['./tests/guards/setup.ts'],
    // What is waited for comes, however busy the machine is; a second, vitest's own limit, is not enough for that.
    expect: { poll: { timeout: 60_000, interval: 50 } },
    // Limits for what hangs, far from what takes long: a machine that does ten things at once is slow, not wrong.
    hookTimeout: 240_000,
    testTimeout: 90_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['packages/*/tests/**/*.test.ts'],
          testTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts'],
          testTimeout: 300_000,
          fileParallelism: true,
        },
      },
    ],
  },
})
