//! The Python module `engine._halo2`; see `engine/_halo2.pyi` for its promises.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
};

use pyo3::{
    create_exception,
    exceptions::{PyException, PyMemoryError, PyRuntimeError, PyValueError},
    prelude::*,
    types::PyBytes,
};

use crate::{
    ceremony, layout, network,
    prover::{self, ProveError, Step, Word},
    setup,
};

create_exception!(_halo2, ProofCancelled, PyException, "A proof was cancelled.");

/// Runs Rust code without the interpreter's lock; a panic becomes an error and not the end of the process.
fn detached<T: Send>(py: Python, work: impl FnOnce() -> Result<T, String> + Send) -> PyResult<T> {
    py.detach(|| catch_unwind(AssertUnwindSafe(work)))
        .map_err(|_| PyRuntimeError::new_err("the native prover panicked"))?
        .map_err(PyValueError::new_err)
}

impl From<ProveError> for PyErr {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Cancelled => ProofCancelled::new_err("the proof was cancelled"),
            ProveError::Memory(reason) => PyMemoryError::new_err(reason),
            ProveError::Failed(reason) => PyValueError::new_err(reason),
        }
    }
}

/// Input planes from bytes, 64 a plane.
fn planes(bytes: &[u8], network: &network::Network) -> PyResult<Vec<[u8; 64]>> {
    if bytes.len() != 64 * network.planes {
        let expected = 64 * network.planes;
        return Err(PyValueError::new_err(format!("{} bytes of input planes, expected {expected}", bytes.len())));
    }
    if let Some(value) = bytes.iter().find(|value| **value > 1) {
        return Err(PyValueError::new_err(format!("input planes hold 0 and 1, not {value}")));
    }
    Ok(bytes.as_chunks().0.to_vec())
}

fn word(bytes: &[u8]) -> PyResult<Word> {
    bytes.try_into().map_err(|_| PyValueError::new_err(format!("a word has 32 bytes, not {}", bytes.len())))
}

#[pyclass(frozen)]
struct Network {
    layout: Arc<layout::Layout>,
}

#[pymethods]
impl Network {
    #[new]
    fn new(py: Python, file: &[u8]) -> PyResult<Self> {
        let file = file.to_vec();
        let layout = detached(py, move || layout::Layout::new(Arc::new(network::Network::from_bytes(&file)?)))?;
        Ok(Network { layout: Arc::new(layout) })
    }

    #[getter]
    fn k(&self) -> u32 {
        self.layout.k
    }

    #[getter]
    fn rows(&self) -> usize {
        self.layout.rows()
    }

    #[getter]
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.layout.network.hash)
    }

    #[getter]
    fn shift(&self) -> u32 {
        self.layout.network.shift
    }

    #[getter]
    fn parameters(&self) -> usize {
        self.layout.network.parameters()
    }

    fn logits<'py>(&self, py: Python<'py>, input: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let network = &self.layout.network;
        let planes = planes(input, network)?;
        let logits = detached(py, || Ok(network.evaluate(&planes).logits()))?;
        let bytes: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
        Ok(PyBytes::new(py, &bytes))
    }
}

#[pyclass(frozen)]
struct Parameters {
    inner: Arc<setup::Parameters>,
}

#[pymethods]
impl Parameters {
    #[staticmethod]
    fn insecure(py: Python, seed: u64, k: u32) -> PyResult<Self> {
        detached(py, || Ok(setup::insecure(seed, k))).map(|inner| Parameters { inner: Arc::new(inner) })
    }

    #[staticmethod]
    fn ceremony(py: Python, path: PathBuf, digest: String, k: u32) -> PyResult<Self> {
        detached(py, move || ceremony::import(&path, &digest, k)).map(|inner| Parameters { inner: Arc::new(inner) })
    }

    #[staticmethod]
    fn from_bytes(py: Python, bytes: &[u8]) -> PyResult<Self> {
        let bytes = bytes.to_vec();
        detached(py, move || setup::from_bytes(&bytes)).map(|inner| Parameters { inner: Arc::new(inner) })
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = detached(py, || Ok(setup::to_bytes(&self.inner)))?;
        Ok(PyBytes::new(py, &bytes))
    }
}

#[pyclass(frozen)]
struct Keys {
    inner: prover::Keys,
}

#[pymethods]
impl Keys {
    #[staticmethod]
    fn derive(py: Python, network: &Network, parameters: &Parameters) -> PyResult<Self> {
        let (layout, parameters) = (network.layout.clone(), parameters.inner.clone());
        let keys = detached(py, move || Ok(prover::Keys::derive(layout, parameters)))?;
        Ok(Keys { inner: keys? })
    }

    #[getter]
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.hash())
    }

    fn solidity(&self, py: Python) -> PyResult<String> {
        detached(py, || Ok(self.inner.solidity()))
    }

    /// `progress(step, fraction)` returns whether to go on; what it raises is raised here.
    fn prove<'py>(
        &self,
        py: Python<'py>,
        input: &[u8],
        legal: Vec<usize>,
        context: &[u8],
        progress: Py<PyAny>,
    ) -> PyResult<(usize, Vec<Bound<'py, PyBytes>>, Bound<'py, PyBytes>)> {
        let planes = planes(input, &self.inner.layout.network)?;
        let context = word(context)?;
        let mut raised = None;
        let mut observe = |step: Step, fraction: f64| {
            Python::attach(|py| {
                let goes_on = progress.call1(py, (name(step), fraction)).and_then(|result| result.is_truthy(py));
                goes_on.unwrap_or_else(|error| {
                    raised = Some(error);
                    false
                })
            })
        };
        let proof = detached(py, || Ok(self.inner.prove(&planes, &legal, context, &mut observe)))?;
        match proof {
            Ok(proof) => Ok((
                proof.index,
                proof.words.iter().map(|word| PyBytes::new(py, word)).collect(),
                PyBytes::new(py, &proof.bytes),
            )),
            Err(error) => Err(raised.unwrap_or_else(|| error.into())),
        }
    }

    fn verify(&self, py: Python, words: Vec<Vec<u8>>, proof: &[u8]) -> PyResult<bool> {
        let words: Vec<Word> = words.iter().map(|bytes| word(bytes)).collect::<PyResult<_>>()?;
        let proof = proof.to_vec();
        detached(py, move || Ok(self.inner.verify(&words, &proof)))
    }
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Witness => "witness",
        Step::Commitments => "commitments",
        Step::Quotient => "quotient",
        Step::Opening => "opening",
    }
}

#[pymodule]
fn _halo2(module: &Bound<PyModule>) -> PyResult<()> {
    module.add("ProofCancelled", module.py().get_type::<ProofCancelled>())?;
    module.add_class::<Network>()?;
    module.add_class::<Parameters>()?;
    module.add_class::<Keys>()
}
