import { defineConfig } from 'vitest/config';

// Two cores are common on the machines this runs on; ONNX Runtime uses threads of its own.
export default defineConfig({
  test: {
    include: ['main/**/*.test.ts', 'electron/**/*.test.ts', 'renderer/**/*.test.ts', 'tests/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Emptied otherwise; the contrast of its colours is tested.
    css: { include: [/tokens\.css/] },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
