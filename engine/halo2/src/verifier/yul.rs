//! Expressions of the gates as Yul: equal parts are computed once and kept in memory.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

use halo2_axiom::{
    arithmetic::Field,
    halo2curves::{bn256::Fr, ff::PrimeField},
    plonk::Expression,
};

/// Stack slots that one expression may take; the EVM reaches 16, and the code around an expression needs some.
const MAX_DEPTH: usize = 8;

/// One operation, its operands by number.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Node {
    Constant([u8; 32]),
    /// A value in memory, by the name of its place.
    Load(String),
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
}

/// Expressions without repetition, and the code that computes them.
///
/// Code refers to the field's order as `r`.
pub struct Program {
    nodes: Vec<Node>,
    numbers: HashMap<Node, usize>,
    roots: Vec<usize>,
    /// The first free address for values that are used more than once.
    free: usize,
    stored: BTreeMap<usize, (usize, u8)>,
}

/// Where a gate's values stand, by name.
pub struct Names<'a> {
    pub fixed: &'a dyn Fn(usize, i32) -> String,
    pub advice: &'a dyn Fn(usize, i32) -> String,
    pub instance: &'a dyn Fn() -> String,
    pub challenge: &'a dyn Fn(usize) -> String,
}

impl Program {
    /// A program that may use memory from `free` on.
    pub fn new(free: usize) -> Program {
        Program { nodes: Vec::new(), numbers: HashMap::new(), roots: Vec::new(), free, stored: BTreeMap::new() }
    }

    /// Adds an expression; its number among the roots is its place in the order of calls.
    pub fn add(&mut self, expression: &Expression<Fr>, names: &Names) {
        let root = self.build(expression, names);
        self.roots.push(root);
    }

    fn intern(&mut self, node: Node) -> usize {
        if let Some(number) = self.numbers.get(&node) {
            return *number;
        }
        self.nodes.push(node.clone());
        self.numbers.insert(node, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn constant(&mut self, value: Fr) -> usize {
        self.intern(Node::Constant(value.to_repr()))
    }

    fn value(&self, number: usize) -> Option<Fr> {
        match &self.nodes[number] {
            Node::Constant(bytes) => Fr::from_repr(*bytes).into(),
            _ => None,
        }
    }

    fn build(&mut self, expression: &Expression<Fr>, names: &Names) -> usize {
        match expression {
            Expression::Constant(value) => self.constant(*value),
            Expression::Selector(_) => unreachable!("the circuit has no selectors"),
            Expression::Fixed(query) => {
                let name = (names.fixed)(query.column_index(), query.rotation().0);
                self.intern(Node::Load(name))
            }
            Expression::Advice(query) => {
                let name = (names.advice)(query.column_index(), query.rotation().0);
                self.intern(Node::Load(name))
            }
            Expression::Instance(_) => self.intern(Node::Load((names.instance)())),
            Expression::Challenge(challenge) => self.intern(Node::Load((names.challenge)(challenge.index()))),
            Expression::Negated(a) => {
                let (zero, a) = (self.constant(Fr::ZERO), self.build(a, names));
                self.sub(zero, a)
            }
            Expression::Sum(a, b) => match &**b {
                Expression::Negated(b) => {
                    let (a, b) = (self.build(a, names), self.build(b, names));
                    self.sub(a, b)
                }
                b => {
                    let (a, b) = (self.build(a, names), self.build(b, names));
                    self.sum(a, b)
                }
            },
            Expression::Product(a, b) => {
                let (a, b) = (self.build(a, names), self.build(b, names));
                self.product(a, b)
            }
            Expression::Scaled(a, scale) => {
                let (a, scale) = (self.build(a, names), self.constant(*scale));
                self.product(a, scale)
            }
        }
    }

    fn sum(&mut self, a: usize, b: usize) -> usize {
        match (self.value(a), self.value(b)) {
            (Some(a), Some(b)) => self.constant(a + b),
            (Some(Fr::ZERO), None) => b,
            (None, Some(Fr::ZERO)) => a,
            // A negative constant is shorter as what is subtracted.
            (None, Some(c)) if c.to_repr() > (-c).to_repr() && is_small(-c) => {
                let c = self.constant(-c);
                self.sub(a, c)
            }
            _ => self.intern(Node::Add(a.min(b), a.max(b))),
        }
    }

    fn sub(&mut self, a: usize, b: usize) -> usize {
        match (self.value(a), self.value(b)) {
            (Some(a), Some(b)) => self.constant(a - b),
            (None, Some(Fr::ZERO)) => a,
            (Some(Fr::ZERO), None) => match self.nodes[b] {
                Node::Sub(c, d) => self.sub(d, c),
                _ => self.intern(Node::Sub(a, b)),
            },
            _ => self.intern(Node::Sub(a, b)),
        }
    }

    fn product(&mut self, a: usize, b: usize) -> usize {
        match (self.value(a), self.value(b)) {
            (Some(a), Some(b)) => self.constant(a * b),
            (Some(Fr::ZERO), None) | (None, Some(Fr::ONE)) => a,
            (None, Some(Fr::ZERO)) | (Some(Fr::ONE), None) => b,
            _ => self.intern(Node::Mul(a.min(b), a.max(b))),
        }
    }

    /// How many operations use each node; roots count as used once.
    fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        let mut needed = vec![false; self.nodes.len()];
        self.roots.iter().for_each(|root| {
            needed[*root] = true;
            uses[*root] += 1;
        });
        for number in (0..self.nodes.len()).rev() {
            if needed[number] {
                for operand in self.operands(number) {
                    needed[operand] = true;
                    uses[operand] += 1;
                }
            }
        }
        uses
    }

    fn operands(&self, number: usize) -> Vec<usize> {
        match self.nodes[number] {
            Node::Add(a, b) | Node::Sub(a, b) | Node::Mul(a, b) => vec![a, b],
            Node::Constant(_) | Node::Load(_) => vec![],
        }
    }

    /// Code for each root in order: the statements before it, then its expression, whose value is at most 4 r.
    pub fn emit(&mut self) -> Vec<(String, String)> {
        let uses = self.uses();
        let roots = self.roots.clone();
        roots
            .into_iter()
            .map(|root| {
                let mut statements = String::new();
                let value = self.expression(root, &uses, &mut statements);
                let code = if value.bound > 4 { format!("mod({}, r)", value.code) } else { value.code };
                (statements, code)
            })
            .collect()
    }

    fn expression(&mut self, number: usize, uses: &[usize], statements: &mut String) -> Value {
        if let Some((address, bound)) = self.stored.get(&number) {
            return Value { code: format!("mload({address:#06x})"), depth: 1, bound: *bound };
        }
        let (a, b) = match self.nodes[number].clone() {
            Node::Constant(bytes) => return Value { code: literal(bytes), depth: 1, bound: 1 },
            Node::Load(name) => return Value { code: format!("mload({name})"), depth: 1, bound: 1 },
            Node::Sub(a, b) => (a, b),
            // Arguments are evaluated from the last to the first: the deeper one stands last.
            Node::Add(a, b) | Node::Mul(a, b) if self.height(a) <= self.height(b) => (a, b),
            Node::Add(a, b) | Node::Mul(a, b) => (b, a),
        };
        let a_value = self.expression(a, uses, statements);
        let b_value = self.expression(b, uses, statements);
        let value = match self.nodes[number] {
            Node::Mul(..) => Value::product(a_value, b_value),
            Node::Sub(..) if self.value(a) == Some(Fr::ZERO) => b_value.negative(),
            Node::Sub(..) => Value::sum(a_value, b_value.negative()),
            _ => Value::sum(a_value, b_value),
        };
        let is_root = self.roots.contains(&number);
        if is_root || (uses[number] < 2 && value.depth <= MAX_DEPTH) {
            return value;
        }
        let address = self.free;
        self.free += 32;
        self.stored.insert(number, (address, value.bound));
        writeln!(statements, "mstore({address:#06x}, {})", value.code).expect("a string takes all text");
        Value { code: format!("mload({address:#06x})"), depth: 1, bound: value.bound }
    }

    /// Longest chain of operations below a node.
    fn height(&self, number: usize) -> usize {
        if self.stored.contains_key(&number) {
            return 0;
        }
        self.operands(number).into_iter().map(|operand| 1 + self.height(operand)).max().unwrap_or(0)
    }
}

/// Code of a value, the stack slots it takes, and what it is at most, in multiples of r.
///
/// Values are reduced by the multiplications that follow; sums stay below 2^256, which is more than 5 r.
struct Value {
    code: String,
    depth: usize,
    bound: u8,
}

impl Value {
    fn product(a: Value, b: Value) -> Value {
        let depth = (1 + b.depth).max(2 + a.depth);
        Value { code: format!("mulmod({}, {}, r)", a.code, b.code), depth, bound: 1 }
    }

    fn sum(a: Value, b: Value) -> Value {
        let depth = (1 + b.depth).max(2 + a.depth);
        match a.bound + b.bound {
            bound @ ..=5 => Value { code: format!("add({}, {})", a.code, b.code), depth, bound },
            _ => Value { code: format!("addmod({}, {}, r)", a.code, b.code), depth, bound: 1 },
        }
    }

    fn negative(self) -> Value {
        let Value { code, depth, bound } = self;
        let multiple = if bound == 1 { "r".to_owned() } else { format!("mul({bound}, r)") };
        Value { code: format!("sub({multiple}, {code})"), depth: 2 + depth, bound }
    }
}

fn is_small(value: Fr) -> bool {
    value.to_repr()[9..].iter().all(|byte| *byte == 0)
}

/// A field element as Yul writes it: small ones in decimal.
fn literal(little_endian: [u8; 32]) -> String {
    if little_endian[8..].iter().all(|byte| *byte == 0) {
        let (low, _) = little_endian.split_first_chunk::<8>().expect("32 bytes");
        return u64::from_le_bytes(*low).to_string();
    }
    let bytes = little_endian.iter().rev().skip_while(|byte| **byte == 0);
    bytes.fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// A field element as Yul writes it.
pub fn scalar(value: Fr) -> String {
    literal(value.to_repr())
}
