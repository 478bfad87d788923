//! Great-circle distance.

use crate::graph::Position;

/// Mean radius of the Earth in kilometres (IUGG).
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Kilometres between two places by the haversine formula, on a sphere.
pub(crate) fn great_circle_km(from: Position, to: Position) -> f64 {
    let (from_latitude, to_latitude) = (from.latitude.to_radians(), to.latitude.to_radians());
    let half_latitude = (to_latitude - from_latitude) / 2.0;
    let half_longitude = (to.longitude - from.longitude).to_radians() / 2.0;
    let haversine = half_latitude.sin().powi(2)
        + from_latitude.cos() * to_latitude.cos() * half_longitude.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * haversine.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn km(from: (f64, f64), to: (f64, f64)) -> f64 {
        let position = |(latitude, longitude)| Position { latitude, longitude };
        great_circle_km(position(from), position(to))
    }

    #[test]
    fn known_distances() {
        let quarter = std::f64::consts::FRAC_PI_2 * EARTH_RADIUS_KM;
        assert!((km((0.0, 0.0), (0.0, 90.0)) - quarter).abs() < 1e-9);
        assert!((km((90.0, 0.0), (-90.0, 0.0)) - 2.0 * quarter).abs() < 1e-9);
        assert!((km((10.0, 179.0), (10.0, -179.0)) - km((10.0, -1.0), (10.0, 1.0))).abs() < 1e-9);
        assert_eq!(km((45.464, 9.19), (45.464, 9.19)), 0.0);
        // Milan to Rome.
        assert!((km((45.464, 9.190), (41.895, 12.484)) - 477.04).abs() < 0.005);
    }
}
