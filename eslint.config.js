// Lint: the languages' recommended rules, and the order of the layers as rules on imports.
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';
import { layerRule } from './scripts/layer-rule.js';
import { mayImport } from './scripts/layers.js';

const layers = { rules: { order: layerRule({ root: import.meta.dirname, mayImport, common: 'main/contract' }) } };
/** Tests may reach across layers: they bring real parts together. */
const testFiles = ['**/*.test.ts', '**/*.test-d.ts', '**/testing/**'];

export default tseslint.config(
  { ignores: ['out/**', 'dist/**', 'coverage/**', 'node_modules/**', 'main/graph/**/generated/**', '**/*_pb.ts', '**/*_pb.js'] },
  ...tseslint.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser, extraFileExtensions: ['.vue'] } },
    rules: {
      // Layout is the author's, as in the rest of the code.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      // The compiler knows when a switch covers every case.
      'vue/return-in-computed-property': 'off',
      'vue/no-v-html': 'error',
    },
  },
  {
    rules: {
      'no-console': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['**/*.{ts,vue}'], ignores: testFiles, plugins: { layers }, rules: { 'layers/order': 'error' } },
  {
    files: ['{main,renderer,scripts,bench}/**/*.{ts,vue}'],
    rules: { 'no-restricted-imports': ['error', { paths: [{ name: 'electron', message: 'Only electron/ knows Electron.' }] }] },
  },
);
