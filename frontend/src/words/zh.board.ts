// What the board, the crowd's votes and the proof say, in simplified Chinese.

import { html } from 'lit-html';
import type { boardWords as english } from './en.board.ts';

const Colors = { white: '白方', black: '黑方' };
const Roles = { pawn: '兵', knight: '马', bishop: '象', rook: '车', queen: '后', king: '王' };

export const boardWords: typeof english = {
  crowd: {
    title: '世界队如何投票',
    last: '上一次投票：',
    won: (move, share, beat) => (beat === null ? `${move}，${share}，没有对手` : `${move} 以 ${share} 胜过 ${beat}`),
    tie: (move, share, beat) => `${move}，${share}，与 ${beat} 持平：按格子顺序取第一个`,
    undecided: (leader, share) =>
      leader === null ? '没有人投票，由网络代世界队走棋' : `${leader} 只有 ${share}，由网络代世界队走棋`,
    ofMove: (number) => `第 ${number} 步`,
    shares: (share) => `世界队 ${share} 的押注参与了投票。`,
    missed: '这一步你没有投票。',
    voted: (move) => html`你投了 <b>${move}</b>。`,
    loading: '正在查询投票…',
    unknown: '服务器不知道这次投票。',
    candidates: '这次投票的候选着法',
  },
  ghost: {
    chosen: (by, move) => html`${by}将走 <b>${move}</b>：网络是公开的，所以它的选择不是秘密。证明之后这步棋才生效。`,
    thinking: '网络正在看局面。',
    grown: (share) => `已证明 ${share}`,
    label: (move, share) => `${move}，尚未走出：证明已完成 ${share}`,
    stamp: '已证明',
  },
  story: {
    steps: {
      look: ['Leela 看棋盘', '它只凭局面给每步棋打分，不向前搜索。'],
      write: ['它写下演算', '看棋时的每一步计算，写成错一个数就会露馅的形式。'],
      check: ['裁判检查演算', '链上的合约一次检查全部计算，没有人能推翻它。'],
      play: ['然后才走这步棋', '按这些分数，它是最好的合法着法。别的着法都不会被接受。'],
    },
    deeper: '密码学细节',
    notKnown: '这台服务器不知道网络当时的想法。',
    ofWorld: '这步棋由世界队投票选出：没有什么需要证明。',
  },
  opening: {
    named: (name) => `开局：${name}`,
    before: '对局之前的着法',
  },
  material: {
    captured: (color, pieces) => `${Colors[color]}被吃的子：${pieces}`,
    ahead: (points) => `子力领先 ${points} 分`,
    count: (role, n) => (n === 1 ? Roles[role] : `${n} 个${Roles[role]}`),
  },
  sound: { mute: '关闭声音', unmute: '打开声音' },
  taste: {
    title: '棋盘与棋子',
    board: '棋盘',
    pieces: '棋子',
    boards: { green: '绿色', wood: '木纹', blue: '蓝色', contrast: '高对比度' },
    sets: { cburnett: '经典', flat: '扁平', letters: '字母' },
    draw: '右键点击格子画圈，按住右键拖动画箭头；Shift、Alt 或两者一起改变颜色。',
    commands: '输入 p 读局面，m 列出合法着法（m e2：从 e2），l 重复上一步，c 读时钟。在棋盘上，这些字母就是按键。',
  },
  spoken: {
    side: (color, pieces) => `${Colors[color]}：${pieces}。`,
    piece: (role, squares) => `${role} ${squares.join('、')}`,
    toMove: (color) => `轮到${Colors[color]}走。`,
    moves: (n, moves) => `${n} 步合法着法：${moves}。`,
    noMoves: '没有合法着法。',
    noMovesFrom: (square) => `${square} 没有合法着法。`,
    lastMove: (by, move, proven) => `${by}走了 ${move}${proven ? '，已证明' : ''}。`,
    noLast: '还没有走棋。',
    clock: (left) => `还剩 ${left}。`,
    noClock: '没有时钟在走。',
    captures: '吃',
    check: '将军',
    mate: '将死',
    promotes: (role) => `升变为${role}`,
    castlesShort: '短易位',
    castlesLong: '长易位',
  },
};
